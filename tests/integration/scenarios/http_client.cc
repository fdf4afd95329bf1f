#include "integration/scenarios/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

namespace porchlight::scenarios {

std::string percent_encode(const std::string& text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_') {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

bool http_client::connect() {
    if (socket_ >= 0) {
        return true;
    }
    const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(s, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(s);
        return false;
    }
    const int on = 1;
    ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    socket_ = s;
    return true;
}

bool http_client::read_more(std::string& data) {
    char buffer[16384];
    const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
    if (n <= 0) {
        return false;
    }
    data.append(buffer, static_cast<std::size_t>(n));
    return true;
}

http_client::raw_answer http_client::exchange(const std::string& request) {
    if (!connect()) {
        return {};
    }
    if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        close();
        return {};
    }
    std::string data;
    std::size_t head = std::string::npos;
    while ((head = data.find("\r\n\r\n")) == std::string::npos) {
        if (!read_more(data)) {
            close();
            return {};
        }
    }
    std::size_t length = 0;
    static constexpr std::string_view name = "Content-Length: ";
    if (const std::size_t at = data.find(name); at < head) {
        std::from_chars(data.data() + at + name.size(), data.data() + head, length);
    }
    while (data.size() < head + 4 + length) {
        if (!read_more(data)) {
            close();
            return {};
        }
    }
    raw_answer a;
    std::from_chars(data.data() + 9, data.data() + 12, a.status);
    a.body = data.substr(head + 4, length);
    if (data.find("Connection: close") < head) {
        close();
    }
    return a;
}

http_client::answer http_client::ask(const std::string& method, const std::string& target,
                                     const std::string& token, const boost::json::value& body) {
    const std::string text = body.is_null() ? std::string() : boost::json::serialize(body);
    std::string request = method + " " + target + " HTTP/1.1\r\nHost: porch.test\r\n";
    if (!token.empty()) {
        request += "Authorization: Bearer " + token + "\r\n";
    }
    request += "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
    const raw_answer a = exchange(request);
    return {a.status, a.status == 0 ? boost::json::value() : boost::json::parse(a.body)};
}

std::string http_client::text(const std::string& target) {
    return exchange("GET " + target + " HTTP/1.1\r\nHost: porch.test\r\n\r\n").body;
}

void http_client::interrupt() {
    if (const int s = socket_; s >= 0) {
        ::shutdown(s, SHUT_RDWR);
    }
}

void http_client::close() {
    if (const int s = socket_.exchange(-1); s >= 0) {
        ::close(s);
    }
}

}  // namespace porchlight::scenarios
