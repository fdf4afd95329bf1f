#include "unit/net/test_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

namespace porchlight::net::test {
namespace {
constexpr int broken_after_ms = 20'000;
}

std::optional<std::string> wire_response::header(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos;) {
        const auto begin = at + 2;
        const auto end = head.find("\r\n", begin);
        const auto line = std::string_view(head).substr(begin, end - begin);
        const auto colon = line.find(':');
        if (colon == name.size() && ::strncasecmp(line.data(), name.data(), colon) == 0) {
            return std::string(line.substr(line.find_first_not_of(' ', colon + 1)));
        }
        at = end;
    }
    return std::nullopt;
}

test_client::test_client(std::uint16_t port) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close();
    }
}

test_client::~test_client() {
    close();
}

test_client::test_client(test_client&& other) noexcept
    : descriptor_(other.descriptor_), buffer_(std::move(other.buffer_)) {
    other.descriptor_ = -1;
}

void test_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

bool test_client::fill() {
    pollfd waiting{descriptor_, POLLIN, 0};
    if (descriptor_ < 0 || ::poll(&waiting, 1, broken_after_ms) != 1) {
        return false;
    }
    std::array<char, 65536> bytes;
    const auto n = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (n <= 0) {
        return false;
    }
    buffer_.append(bytes.data(), static_cast<std::size_t>(n));
    return true;
}

std::optional<wire_response> test_client::receive(bool has_body) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) {
            return std::nullopt;
        }
    }
    wire_response r;
    r.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    r.status = std::stoi(r.head.substr(r.head.find(' ') + 1));
    const auto length = r.header("Content-Length");
    const auto wanted = has_body && length ? std::stoul(*length) : 0;
    while (buffer_.size() < wanted) {
        if (!fill()) {
            return std::nullopt;
        }
    }
    r.body = buffer_.substr(0, wanted);
    buffer_.erase(0, wanted);
    return r;
}

std::string test_client::receive_all() {
    while (fill()) {
    }
    return std::move(buffer_);
}

bool test_client::closed_by_server() {
    pollfd waiting{descriptor_, POLLIN, 0};
    if (!buffer_.empty() || ::poll(&waiting, 1, broken_after_ms) != 1) {
        return false;
    }
    char byte = 0;
    return ::recv(descriptor_, &byte, 1, 0) <= 0;
}

bool test_client::silent() {
    pollfd waiting{descriptor_, POLLIN, 0};
    return buffer_.empty() && ::poll(&waiting, 1, 0) == 0;
}

void test_client::end_sending() {
    ::shutdown(descriptor_, SHUT_WR);
}

void test_client::close(bool reset) {
    if (descriptor_ < 0) {
        return;
    }
    if (reset) {
        const linger at_once{1, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(descriptor_);
    descriptor_ = -1;
}

std::string get(std::string_view path, std::string_view more_headers) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more_headers) +
           "\r\n";
}

std::string put(std::string_view path, std::string_view body) {
    return "PUT " + std::string(path) +
           " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

}  // namespace porchlight::net::test
