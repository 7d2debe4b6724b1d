#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lumbargrade::node {

/// Who may send: an application entity, and where it must come from.
struct Sender {
  std::string ae_title;
  std::string address;  ///< IPv4 address; empty: any
};

/// Where results go.
struct Peer {
  std::string ae_title;
  std::string address;  ///< host name or IPv4 address
  int port = 104;
  bool tls = false;
  bool commitment = false;  ///< ask for storage commitment
  int retry_s = 60;         ///< pause after a failure; doubles up to an hour
};

struct TlsFiles {
  std::filesystem::path certificate;  ///< PEM; empty: connections are not secured
  std::filesystem::path key;          ///< PEM, without passphrase
  std::filesystem::path authorities;  ///< PEM: who must have signed the other side's certificate
};

/// All that a node is told.
struct Configuration {
  std::string ae_title = "LUMBARGRADE";
  std::string address = "127.0.0.1";
  int port = 11112;
  std::filesystem::path folder;
  int quiet_s = 60;
  std::string count_at;  ///< AE title of the peer that is asked how many images a study has; empty: none
  int max_associations = 20;
  int timeout_s = 60;
  int largest_file_mb = 512;
  int quota_mb = 20000;
  int keep_images_days = 7;
  int keep_results_days = 90;
  std::string bundle;
  int jobs = 1;
  int threads = 0;
  int study_timeout_s = 600;
  int memory_limit_mb = 3000;
  std::vector<std::string> results = {"sr", "sc", "seg"};
  TlsFiles tls;
  std::vector<Sender> senders;
  std::vector<Peer> peers;
};

/// The peer of that title; null where there is none.
const Peer* find_peer(const Configuration& configuration, const std::string& ae_title);

/// One line of a configuration, said in words.
struct ExplainedLine {
  int line = 0;  ///< 0: not in the file, its default counts
  std::string setting;
  std::string value;
  std::string meaning;
};

struct CheckedConfiguration {
  Configuration values;
  std::vector<ExplainedLine> lines;  ///< those of the file in their order, then what it leaves to the defaults
};

/// Reads a configuration: sections in brackets, `key = value`, # begins a comment. Throws Error (Usage) with file and
/// line for an unknown section or key, a value that does not fit, a key given twice, and for what is missing.
CheckedConfiguration read_configuration(const std::filesystem::path& file);

/// The same from text; `name` stands for the file in messages.
CheckedConfiguration parse_configuration(const std::string& content, const std::string& name);

}  // namespace lumbargrade::node
