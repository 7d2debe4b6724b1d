#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "batch/fork_server.h"

// fork_server_of_scripts SCRIPT: a fork server as run_worker's, which loads by `bash SCRIPT load` and whose workers are
// `bash SCRIPT`, with their replies on descriptor 3.
namespace {

constexpr int kReplies = 3;

}  // namespace

int main(int argc, char** argv) {
  using namespace lumbargrade;
  if (argc != 2) return 2;
  const std::string script = argv[1];
  const auto load = [&] {
    const int status = std::system(("exec /bin/bash '" + script + "' load").c_str());
    if (status != 0) throw Error(ErrorKind::BundleInvalid, "the bundle cannot be loaded");
  };
  return run_fork_server(load, [&](int replies) {
    dup2(replies, kReplies);
    if (replies != kReplies) close(replies);
    execl("/bin/bash", "/bin/bash", script.c_str(), nullptr);
    return 127;
  });
}
