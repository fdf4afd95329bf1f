#include "unit/net/client/name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "base/assert.h"

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;
constexpr auto broken_after = 30s;
constexpr std::uint16_t kind_a = 1, kind_aaaa = 28, kind_srv = 33;
constexpr std::size_t header_size = 12;  // RFC 1035, section 4.1.1
constexpr int no_such_name = 3;

void put16(std::string& out, unsigned n) {
    out += static_cast<char>(n >> 8);
    out += static_cast<char>(n & 0xff);
}

std::string wire_name(std::string_view name) {
    std::string out;
    while (!name.empty()) {
        const auto label = name.substr(0, name.find('.'));
        out += static_cast<char>(label.size());
        out += label;
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return out + '\0';
}

// The name at the start of `question`, and how many bytes it takes there.
std::pair<std::string, std::size_t> name_in(std::string_view question) {
    std::string name;
    std::size_t at = 0;
    while (at < question.size() && question[at] != 0) {
        const auto size = static_cast<std::size_t>(question[at]);
        name += (name.empty() ? "" : ".") + std::string(question.substr(at + 1, size));
        at += size + 1;
    }
    return {name, at + 1};
}

}  // namespace

name_server::name_server() : descriptor_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    // Room for many questions at once; one that is lost is asked again only after seconds.
    const int buffer_size = 1024 * 1024;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &buffer_size, sizeof buffer_size);
    ASSERT(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

name_server::~name_server() {
    // An empty datagram ends the thread.
    sockaddr_in self{};
    self.sin_family = AF_INET;
    self.sin_port = htons(port_);
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::sendto(descriptor_, "", 0, 0, reinterpret_cast<sockaddr*>(&self), sizeof self);
    thread_.join();
    ::close(descriptor_);
}

void name_server::add_address(const std::string& name, const std::string& address) {
    std::array<char, 16> bytes{};
    const bool v6 = address.find(':') != std::string::npos;
    ASSERT(::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) == 1);
    const std::lock_guard lock(mutex_);
    names_[name].records.emplace_back(v6 ? kind_aaaa : kind_a,
                                      std::string(bytes.data(), v6 ? 16 : 4));
}

void name_server::add_service(const std::string& name, const ports::service_record& record) {
    std::string bytes;
    put16(bytes, record.priority);
    put16(bytes, record.weight);
    put16(bytes, record.port);
    add_raw_service(name, bytes + wire_name(record.target));
}

void name_server::add_raw_service(const std::string& name, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    names_[name].records.emplace_back(kind_srv, bytes);
}

void name_server::fail(const std::string& name, int code) {
    const std::lock_guard lock(mutex_);
    names_[name].code = code;
}

void name_server::ignore(const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_[name].ignored = true;
}

std::size_t name_server::questions() {
    const std::lock_guard lock(mutex_);
    return questions_;
}

bool name_server::wait_for_questions(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, broken_after, [&] { return questions_ >= count; });
}

void name_server::serve() {
    std::array<char, 1024> bytes;
    while (true) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const auto n = ::recvfrom(descriptor_, bytes.data(), bytes.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &size);
        if (n <= static_cast<ssize_t>(header_size)) {
            return;
        }
        const auto answer = answer_to({bytes.data(), static_cast<std::size_t>(n)});
        changed_.notify_all();
        if (!answer.empty()) {
            ::sendto(descriptor_, answer.data(), answer.size(), 0,
                     reinterpret_cast<sockaddr*>(&from), size);
        }
    }
}

std::string name_server::answer_to(std::string_view question) {
    const auto [name, name_size] = name_in(question.substr(header_size));
    const auto asked = question.substr(header_size, name_size + 4);
    const auto kind = static_cast<std::uint16_t>(static_cast<unsigned char>(asked[name_size]) << 8 |
                                                 static_cast<unsigned char>(asked[name_size + 1]));
    const std::lock_guard lock(mutex_);
    ++questions_;
    const auto known = names_.find(name);
    const entry about = known != names_.end() ? known->second : entry{{}, no_such_name, false};
    if (about.ignored) {
        return {};
    }
    std::string records;
    unsigned count = 0;
    for (const auto& [record_kind, data] : about.records) {
        if (record_kind == kind) {
            ++count;
            put16(records, 0xc00c);  // the name of the question
            put16(records, kind);
            put16(records, 1);                // IN
            records.append("\0\0\0\x3c", 4);  // for a minute
            put16(records, static_cast<unsigned>(data.size()));
            records += data;
        }
    }
    std::string out(question.substr(0, 2));
    put16(out, 0x8180u | static_cast<unsigned>(about.code));  // an answer, recursion as wished
    put16(out, 1);
    put16(out, count);
    put16(out, 0);
    put16(out, 0);
    return out.append(asked).append(records);
}

}  // namespace porchlight::net::test
