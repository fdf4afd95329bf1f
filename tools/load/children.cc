#include "load/children.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "load/endpoint.h"

namespace porchlight::load {
namespace {

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(descriptor, bytes.data(), bytes.size());
        if (n < 0 && errno != EINTR) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    }
    return true;
}

std::string read_all(int descriptor) {
    std::string all;
    std::array<char, 65536> part;
    for (;;) {
        const auto n = ::read(descriptor, part.data(), part.size());
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return all;
        }
        all.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    }
}

[[noreturn]] void be_child(const std::function<measurements()>& work, int pipe) {
    ::signal(SIGINT, SIG_IGN);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        const bool sent = write_all(pipe, boost::json::serialize(work().to_json()));
        ::_exit(sent ? 0 : 3);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "porchlight-load: %s\n", e.what());
        ::_exit(3);
    }
}

}  // namespace

children::~children() {
    for (const auto& c : all_) {
        ::kill(c.process, SIGKILL);
        ::close(c.pipe);
        ::waitpid(c.process, nullptr, 0);
    }
}

void children::start(const std::function<measurements()>& work) {
    std::array<int, 2> ends{};
    const bool piped = ::pipe(ends.data()) == 0;
    const pid_t process = piped ? ::fork() : -1;
    if (process < 0) {
        throw failure(std::string("No further process can be started: ") + std::strerror(errno));
    }
    if (process == 0) {
        ::close(ends[0]);
        be_child(work, ends[1]);
    }
    ::close(ends[1]);
    all_.push_back({process, ends[0]});
}

std::vector<measurements> children::collect() {
    std::vector<measurements> results;
    while (!all_.empty()) {
        const auto c = all_.back();
        const auto text = read_all(c.pipe);
        int status = 0;
        ::close(c.pipe);
        ::waitpid(c.process, &status, 0);
        all_.pop_back();
        if (status != 0) {
            throw failure("A process of the load ended early (status " + std::to_string(status) +
                          ")");
        }
        results.push_back(measurements::from_json(boost::json::parse(text)));
    }
    return results;
}

}  // namespace porchlight::load
