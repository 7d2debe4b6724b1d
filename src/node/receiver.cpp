#include "node/receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>

#include "core/error.h"
#include "core/log.h"
#include "node/association.h"
#include "node/child_process.h"
#include "node/spool.h"

namespace lumbargrade::node {
namespace {

constexpr int kAcceptPollMs = 250;
constexpr int kBacklog = 64;

std::string address_of(const sockaddr_in& address) {
  char words[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address.sin_addr, words, sizeof words);
  return words;
}

class Receiver {
 public:
  Receiver(const Configuration& configuration, int listening)
      : configuration_(configuration), spool_(configuration.folder), listening_(listening) {}

  int run() {
    while (!is_stop_wanted()) {
      pollfd watched{listening_, POLLIN, 0};
      if (poll(&watched, 1, kAcceptPollMs) > 0) accept_one();
      reap();
    }
    end_associations();
    return 0;
  }

 private:
  void accept_one() {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    Descriptor connection(accept4(listening_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
    if (connection.get() < 0) return;
    const std::string address = address_of(from);
    if (associations_.size() >= static_cast<size_t>(configuration_.max_associations)) {
      log_warning(text("a connection from ", address, " was rejected: ", associations_.size(), " are open"));
      return;
    }
    const pid_t child = start_child([&] { return serve_association(configuration_, connection.get(), address); });
    associations_[child] = address;
  }

  void reap() {
    int status = 0;
    for (pid_t child = 0; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto known = associations_.find(child);
      if (known == associations_.end()) continue;
      if (WIFSIGNALED(status)) {
        log_warning(text("the association with ", known->second, " was ended by signal ", WTERMSIG(status),
                         WTERMSIG(status) == SIGALRM ? " (too slow)" : ""));
      }
      associations_.erase(known);
      spool_.remove_parts(text(".part-", child, "-"));  // what it was receiving when it ended
    }
  }

  void end_associations() {
    for (int waited_ms = 0; !associations_.empty() && waited_ms < 1000 * configuration_.timeout_s; waited_ms += 50) {
      poll(nullptr, 0, 50);
      reap();
    }
    for (const auto& [child, address] : associations_) kill(child, SIGKILL);
  }

  const Configuration& configuration_;
  Spool spool_;
  int listening_;
  std::map<pid_t, std::string> associations_;
};

}  // namespace

Descriptor listen_on(const Configuration& configuration) {
  Descriptor listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listening.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(configuration.port));
  inet_pton(AF_INET, configuration.address.c_str(), &address.sin_addr);
  const bool is_bound = bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (!is_bound || listen(listening.get(), kBacklog) != 0) {
    throw Error(ErrorKind::Failure, text("cannot listen on ", configuration.address, ":", configuration.port, ": ",
                                         std::strerror(errno), "; name another port or address in [node]"));
  }
  return listening;
}

int run_receiver(const Configuration& configuration, int listening) {
  return Receiver(configuration, listening).run();
}

}  // namespace lumbargrade::node
