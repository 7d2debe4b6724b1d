#include "node/configuration.h"

#include <arpa/inet.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "core/nearest_name.h"
#include "core/number_text.h"
#include "core/words.h"

namespace lumbargrade::node {
namespace {

namespace fs = std::filesystem;

/// Where a value was found, for messages.
struct Place {
  std::string file;
  int line = 0;

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::Usage, text(file, line > 0 ? text(":", line) : "", ": ", what));
  }
};

std::string trimmed(std::string_view words) {
  return std::string(without_blanks(words, " \t\r"));
}

int whole_number(const Place& place, const std::string& value, int least, int most) {
  const auto number = number_from<int>(value);
  if (!number || *number < least || *number > most) {
    place.fail(text("\"", value, "\" is no whole number from ", least, " to ", most));
  }
  return *number;
}

bool yes_or_no(const Place& place, const std::string& value) {
  if (value != "yes" && value != "no") place.fail(text("\"", value, "\" is neither yes nor no"));
  return value == "yes";
}

std::string checked_address(const Place& place, const std::string& value) {
  in_addr parsed{};
  if (inet_pton(AF_INET, value.c_str(), &parsed) != 1) place.fail(text("\"", value, "\" is no IPv4 address"));
  return value;
}

/// 1 to 16 characters of printable ASCII without backslash, no blank at either end (PS3.5, VR AE).
std::string checked_title(const Place& place, const std::string& value) {
  const auto fits = [](unsigned char c) { return c >= 0x20 && c < 0x7F && c != '\\'; };
  const bool is_title = !value.empty() && value.size() <= 16 && value.front() != ' ' && value.back() != ' ' &&
                        std::all_of(value.begin(), value.end(), fits);
  if (!is_title) place.fail(text("\"", value, "\" is no AE title (1 to 16 printable characters)"));
  return value;
}

fs::path existing_file(const Place& place, const std::string& value) {
  if (!fs::is_regular_file(value)) place.fail(text(value, " is no file"));
  return value;
}

std::vector<std::string> result_kinds(const Place& place, const std::string& value) {
  std::vector<std::string> kinds;
  std::istringstream stream(value);
  for (std::string kind; std::getline(stream, kind, ',');) {
    kind = trimmed(kind);
    if (kind != "sr" && kind != "sc" && kind != "seg") place.fail(text("\"", kind, "\" must be one of sr, sc, seg"));
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  }
  if (kinds.empty()) place.fail("name at least one of sr, sc, seg");
  return kinds;
}

/// A key of some section: what it means, what stands where the file is silent, how it is read.
struct Key {
  std::string name;
  std::string default_value;
  std::string meaning;
  std::function<void(const Place&, const std::string&)> read;
};

using Keys = std::vector<Key>;

auto number(int& target, int least, int most) {
  return [&target, least, most](const Place& at, const std::string& v) { target = whole_number(at, v, least, most); };
}

/// Reads a value by `read` into `target`.
template <typename Value, typename Read>
auto into(Value& target, Read read) {
  return [&target, read](const Place& at, const std::string& v) { target = read(at, v); };
}

Keys node_keys(Configuration& c) {
  return {
      {"ae_title", "LUMBARGRADE", "name of this node; who calls another is refused", into(c.ae_title, checked_title)},
      {"address", "127.0.0.1", "listens on this IPv4 address alone; 0.0.0.0: on all of the machine",
       into(c.address, checked_address)},
      {"port", "11112", "listens on this TCP port", number(c.port, 1, 65535)},
      {"folder", "", "holds images that came, results, what waits to be sent, and status.json",
       [&](const Place& at, const std::string& v) {
         if (!fs::path(v).is_absolute()) at.fail("folder must be an absolute path");
         c.folder = v;
       }},
      {"quiet_s", "60", "a study is complete when nothing has come for this many seconds", number(c.quiet_s, 1, 86400)},
      {"count_at", "",
       "this peer is asked (C-FIND) how many MR images a quiet study has; while fewer are here it waits, at most ten "
       "times "
       "as long",
       into(c.count_at, checked_title)},
      {"max_associations", "20", "more at a time are rejected", number(c.max_associations, 1, 200)},
      {"timeout_s", "60", "seconds without a word from the other side after which it is given up",
       number(c.timeout_s, 1, 3600)},
      {"largest_file_mb", "512", "an image that is larger is refused", number(c.largest_file_mb, 1, 100000)},
      {"quota_mb", "20000", "images are refused (\"out of resources\") when those kept take this much",
       number(c.quota_mb, 1, 100000000)},
      {"keep_images_days", "7", "images are removed this long after they came, once graded and sent; 0: at once",
       number(c.keep_images_days, 0, 36500)},
      {"keep_results_days", "90", "results are removed this long after they were made, once sent",
       number(c.keep_results_days, 1, 36500)},
  };
}

Keys grading_keys(Configuration& c) {
  return {
      {"bundle", "", "folder of the model bundle; none named: the shipped one",
       [&](const Place&, const std::string& v) { c.bundle = v; }},
      {"jobs", "1", "studies graded at a time, each in a process of its own", number(c.jobs, 1, 64)},
      {"threads", "0", "threads of each; 0: the cores are shared out", number(c.threads, 0, 1024)},
      {"study_timeout_s", "600", "a study that takes longer fails", number(c.study_timeout_s, 1, 86400)},
      {"memory_limit_mb", "3000", "a study that needs more memory fails", number(c.memory_limit_mb, 1024, 1048576)},
      {"results", "sr,sc,seg", "what is sent: structured report, pictures, segmentation",
       into(c.results, result_kinds)},
  };
}

Keys tls_keys(Configuration& c) {
  return {
      {"certificate", "", "this node's certificate (PEM); with it only secured connections are accepted",
       into(c.tls.certificate, existing_file)},
      {"key", "", "the certificate's key (PEM, without passphrase)", into(c.tls.key, existing_file)},
      {"authorities", "", "certificates (PEM) one of which must have signed the other side's",
       into(c.tls.authorities, existing_file)},
  };
}

Keys sender_keys(Sender& sender) {
  return {{"address", "", "it is accepted from this IPv4 address alone; none named: from any",
           into(sender.address, checked_address)}};
}

Keys peer_keys(Peer& peer) {
  return {
      {"address", "", "host to which results are sent", [&](const Place&, const std::string& v) { peer.address = v; }},
      {"port", "104", "its TCP port", number(peer.port, 1, 65535)},
      {"tls", "no", "yes: the connection is secured by the certificate of [tls]", into(peer.tls, yes_or_no)},
      {"commitment", "no", "yes: the peer is asked to confirm that it keeps what was sent (storage commitment)",
       into(peer.commitment, yes_or_no)},
      {"retry_s", "60", "seconds until what was not taken is sent again; doubles up to an hour",
       number(peer.retry_s, 1, 3600)},
  };
}

/// Reads line by line; a section is closed when the next one begins.
class Parser {
 public:
  explicit Parser(std::string name) : place_{std::move(name), 0} {}

  CheckedConfiguration run(const std::string& content) {
    std::istringstream stream(content);
    for (std::string line; std::getline(stream, line);) {
      ++place_.line;
      take(trimmed(line.substr(0, line.find('#'))));
    }
    for (const char* section : {"node", "grading", "tls"}) {
      if (!seen_.contains(section)) open(section);
    }
    close();
    check_whole();
    result_.lines.insert(result_.lines.end(), defaults_.begin(), defaults_.end());
    return result_;
  }

 private:
  void take(const std::string& line) {
    if (line.empty()) return;
    if (line.front() == '[') {
      if (line.back() != ']') place_.fail("a section ends with ]");
      return open(trimmed(line.substr(1, line.size() - 2)));
    }
    const size_t equals = line.find('=');
    if (equals == std::string::npos) place_.fail("neither [section] nor key = value");
    set(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)));
  }

  void open(const std::string& section) {
    close();
    if (!seen_.insert(section).second) place_.fail(text("the section [", section, "] is there twice"));
    section_ = section;
    Configuration& values = result_.values;
    const size_t blank = section.find(' ');
    const std::string kind = section.substr(0, blank);
    const std::string title = blank == std::string::npos ? "" : trimmed(section.substr(blank));
    if (section == "node") {
      keys_ = node_keys(values);
    } else if (section == "grading") {
      keys_ = grading_keys(values);
    } else if (section == "tls") {
      keys_ = tls_keys(values);
    } else if (kind == "sender") {
      values.senders.push_back({checked_title(place_, title), ""});
      keys_ = sender_keys(values.senders.back());
      explain("", title, "may send images to this node");
    } else if (kind == "peer") {
      values.peers.emplace_back().ae_title = checked_title(place_, title);
      keys_ = peer_keys(values.peers.back());
      explain("", title, "gets the results");
    } else {
      place_.fail(text("no section [", section, "]", name_hint(kind, {"node", "grading", "tls", "sender", "peer"})));
    }
  }

  void set(const std::string& name, const std::string& value) {
    if (section_.empty()) place_.fail("a key stands before the first [section]");
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& known) { return known.name == name; });
    if (key == keys_.end()) place_.fail(text("[", section_, "] has no key ", name, name_hint(name, names())));
    if (!given_.insert(name).second) place_.fail(text(name, " is given twice"));
    if (value.empty()) place_.fail(text(name, " has no value; remove the line to leave it at its default"));
    key->read(place_, value);
    explain(name, value, key->meaning);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> list;
    for (const Key& key : keys_) list.push_back(key.name);
    return list;
  }

  void close() {
    if (section_.empty()) return;
    for (const Key& key : keys_) {
      if (given_.contains(key.name)) continue;
      defaults_.push_back({0, text("[", section_, "] ", key.name),
                           key.default_value.empty() ? "(none)" : key.default_value, key.meaning});
    }
    if (section_.starts_with("peer") && result_.values.peers.back().address.empty()) {
      place_.fail(text("[", section_, "] names no address"));
    }
    given_.clear();
    section_.clear();
  }

  void explain(const std::string& name, const std::string& value, const std::string& meaning) {
    result_.lines.push_back(
        {place_.line, name.empty() ? text("[", section_, "]") : text("[", section_, "] ", name), value, meaning});
  }

  void check_whole() const {
    const Place whole{place_.file, 0};
    const Configuration& values = result_.values;
    if (values.folder.empty()) whole.fail("[node] names no folder");
    if (values.senders.empty()) whole.fail("no [sender AE_TITLE] is named: nobody could send anything");
    const bool any = !values.tls.certificate.empty() || !values.tls.key.empty() || !values.tls.authorities.empty();
    const bool all = !values.tls.certificate.empty() && !values.tls.key.empty() && !values.tls.authorities.empty();
    if (any && !all) whole.fail("[tls] needs certificate, key and authorities, or none of them");
    if (!values.count_at.empty() && find_peer(values, values.count_at) == nullptr) {
      whole.fail(text("count_at names ", values.count_at, ", but there is no [peer ", values.count_at, "]"));
    }
    for (const Peer& peer : values.peers) {
      if (peer.tls && !all) whole.fail(text("[peer ", peer.ae_title, "] wants tls, but [tls] names no certificate"));
    }
  }

  Place place_;
  CheckedConfiguration result_;
  std::vector<ExplainedLine> defaults_;
  std::string section_;
  Keys keys_;
  std::set<std::string> seen_, given_;
};

}  // namespace

const Peer* find_peer(const Configuration& configuration, const std::string& ae_title) {
  const auto& peers = configuration.peers;
  const auto found =
      std::find_if(peers.begin(), peers.end(), [&](const Peer& peer) { return peer.ae_title == ae_title; });
  return found == peers.end() ? nullptr : &*found;
}

CheckedConfiguration parse_configuration(const std::string& content, const std::string& name) {
  return Parser(name).run(content);
}

CheckedConfiguration read_configuration(const fs::path& file) {
  const auto content = fs::is_regular_file(file) ? file_text(file) : std::nullopt;
  if (!content) throw Error(ErrorKind::Usage, text("cannot read the configuration ", file.string()));
  return parse_configuration(*content, file.string());
}

}  // namespace lumbargrade::node
