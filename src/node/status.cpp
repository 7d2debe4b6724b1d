#include "node/status.h"

#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "node/outbox.h"
#include "node/spool.h"
#include "pipeline/stopwatch.h"
#include "report/grades_csv.h"

namespace lumbargrade::node {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormatVersion = 1;
constexpr std::uintmax_t kLargestStatus = 1U << 20;  // bytes

Json peers_json(const Configuration& configuration, const Spool& spool) {
  Json list = Json::array();
  for (const Peer& peer : configuration.peers) {
    const Outbox outbox(spool, peer.ae_title);
    list.push_back({{"ae_title", peer.ae_title}, {"waiting", outbox.waiting().size()}, {"sent", outbox.sent_count()}});
  }
  return list;
}

}  // namespace

void write_status(const Configuration& configuration, const Status& status) {
  const Spool spool(configuration.folder);
  const Json json = {
      {"format_version", kFormatVersion},
      {"notice", kNotice},
      {"state", status.state},
      {"process", getpid()},
      {"program", status.program},
      {"started_utc", status.started_utc},
      {"updated_utc", utc_timestamp()},
      {"ae_title", configuration.ae_title},
      {"address", configuration.address},
      {"port", configuration.port},
      {"studies",
       {{"arriving", status.studies.arriving}, {"graded", status.studies.graded}, {"failed", status.studies.failed}}},
      {"images_mib", bytes_below(spool.incoming()) >> 20},
      {"peers", peers_json(configuration, spool)}};
  try {
    write_file_atomically(spool.status(), json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  } catch (const FileError& error) {
    log_error(error.what());
  }
}

StatusAnswer read_status(const Configuration& configuration) {
  const std::string content = file_text(Spool(configuration.folder).status(), kLargestStatus).value_or("");
  const Json json = Json::parse(content, nullptr, false);
  if (!json.is_object() || !json.contains("process") || !json["process"].is_number_integer()) {
    throw Error(ErrorKind::Failure, text("no node was started in ", configuration.folder.string()));
  }
  // A node that was killed could not say so.
  const bool is_there = kill(json["process"].get<pid_t>(), 0) == 0;
  return {content, is_there && json.value("state", "") != "stopped"};
}

}  // namespace lumbargrade::node
