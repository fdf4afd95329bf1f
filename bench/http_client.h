#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

// As much of HTTP as clients of benchmarks need: they should cost little beside the server.
// Whatever goes wrong ends the program, since then nothing was measured.
namespace porchlight::bench {

[[noreturn]] inline void fail(const std::string& why) {
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
    std::exit(1);
}

// Seconds of CPU of another process, kernel included; 0 when it is not named.
inline double cpu_of(pid_t process) {
    clockid_t clock{};
    timespec used{};
    if (process == 0 || ::clock_getcpuclockid(process, &clock) != 0 ||
        ::clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

inline int connect_to(unsigned short port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        fail(std::string("cannot connect: ") + std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
}

// Length of the whole response at the front of `bytes` and where its body begins; 0: incomplete.
struct extent {
    std::size_t whole = 0, body = 0;
};
inline extent response_extent(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    const auto name = bytes.find("Content-Length: ");
    if (end == std::string_view::npos || name == std::string_view::npos) {
        return {};
    }
    std::size_t length = 0;
    std::from_chars(bytes.data() + name + 16, bytes.data() + end, length);
    return bytes.size() >= end + 4 + length ? extent{end + 4 + length, end + 4} : extent{};
}

inline std::string value_of(std::string_view json, std::string_view key) {
    const auto name = std::string("\"").append(key).append("\":\"");
    const auto at = json.find(name);
    if (at == std::string_view::npos) {
        return {};
    }
    const auto begin = at + name.size();
    return std::string(json.substr(begin, json.find('"', begin) - begin));
}

inline std::string request(std::string_view method, std::string_view target, std::string_view token,
                           std::string_view body) {
    std::string r(method);
    r.append(" ").append(target).append(" HTTP/1.1\r\nHost: bench\r\n");
    if (!token.empty()) {
        r.append("Authorization: Bearer ").append(token).append("\r\n");
    }
    if (method != "GET") {
        r.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    }
    r.append("\r\n");
    return method == "GET" ? r : r.append(body);
}

// One connection, blocking: for setting up.
class caller {
  public:
    explicit caller(unsigned short port) : descriptor_(connect_to(port)) {}
    ~caller() { ::close(descriptor_); }
    caller(const caller&) = delete;
    caller& operator=(const caller&) = delete;

    std::string ask(std::string_view method, std::string_view target, std::string_view token = {},
                    std::string_view body = "{}") {
        const auto bytes = request(method, target, token, body);
        if (::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
            fail("the server closed the connection");
        }
        std::string got;
        for (;;) {
            const auto e = response_extent(got);
            if (e.whole > 0) {
                if (!got.starts_with("HTTP/1.1 200")) {
                    fail(std::string(target) + " was answered " + got);
                }
                return got.substr(e.body);
            }
            std::array<char, 65536> part;
            const auto n = ::recv(descriptor_, part.data(), part.size(), 0);
            if (n <= 0) {
                fail("the server closed the connection");
            }
            got.append(part.data(), static_cast<std::size_t>(n));
        }
    }

  private:
    const int descriptor_;
};

}  // namespace porchlight::bench
