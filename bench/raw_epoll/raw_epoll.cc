// The yardstick: what one thread can do for long-polling over HTTP with nothing in the way.
//
// A bare epoll server that knows just enough HTTP for a load client. It parses no header but
// Content-Length, checks nothing, authenticates nobody, keeps no state but who is parked, and is
// not meant to be used for anything else. Porchlight's own figures are given as ratios to it, taken
// in the same run on the same machine, since absolute numbers say more about the machine.
//
//   GET /poll?timeout=MS   parks until the next PUT (or for MS milliseconds; 0: answered at once)
//   PUT /anything          is answered at once with {} and wakes all that is parked
//   GET /anything else     is answered at once
//
//   raw_epoll [PORT [BODY_BYTES]]   prints "ready http://127.0.0.1:PORT" when it serves
//
// A woken poll gets a JSON body of BODY_BYTES (default 400: about one presence event in an
// otherwise empty /sync), and the head that Porchlight sends. The next PUT of a burst is not
// coalesced: each wakes who is parked at that moment.
//
// Built a second time as raw_uring, where liburing-dev is installed: what is sent to all that was
// parked goes through io_uring. docs/decisions/0028-no-io-uring.md tells what that was worth.

#include <arpa/inet.h>
#ifdef SEND_BY_IO_URING
#include <liburing.h>
#endif
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int backlog = 4096;
constexpr int events_at_once = 512;
constexpr std::size_t scratch_bytes = 64 * 1024;

struct client {
    std::uint64_t poll = 0;       // counts polls, so that an old deadline finds a newer one
    std::int32_t parked_at = -1;  // index in `parked`, or not parked
    std::unique_ptr<std::string> partial;  // of a request that came in pieces
};

struct deadline {
    clock_type::time_point at;
    int descriptor;
    std::uint64_t poll;
};

std::vector<client> clients;                     // by descriptor
std::vector<int> parked;                         // descriptors
std::map<long, std::deque<deadline>> deadlines;  // by duration: each queue is in order
std::array<char, scratch_bytes> scratch;
std::string answer, empty_answer;
int poller = -1, acceptor = -1;

std::string response(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
           "Access-Control-Allow-Origin: *\r\n"
           "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS\r\n"
           "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// Answers are small: what the kernel doesn't take at once means a client that isn't reading.
void send_all(int descriptor, std::string_view bytes) {
    [[maybe_unused]] const auto n = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

#ifdef SEND_BY_IO_URING
// The same sends, handed to the kernel many at a time.
class sender {
  public:
    sender() { ::io_uring_queue_init(entries, &ring_, IORING_SETUP_SINGLE_ISSUER); }
    void send(int descriptor, std::string_view bytes) {
        io_uring_sqe* e = ::io_uring_get_sqe(&ring_);
        if (e == nullptr) {
            flush();
            e = ::io_uring_get_sqe(&ring_);
        }
        ::io_uring_prep_send(e, descriptor, bytes.data(), bytes.size(),
                             MSG_NOSIGNAL | MSG_DONTWAIT);
        e->flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
    void flush() {
        ::io_uring_submit(&ring_);
        io_uring_cqe* c = nullptr;
        while (::io_uring_peek_cqe(&ring_, &c) == 0) {
            ::io_uring_cqe_seen(&ring_, c);
        }
    }

  private:
    static constexpr unsigned entries = 256;
    io_uring ring_{};
};

void broadcast(const std::vector<int>& to, std::string_view bytes) {
    static sender s;
    for (const int descriptor : to) {
        s.send(descriptor, bytes);
    }
    s.flush();
}
#else
void broadcast(const std::vector<int>& to, std::string_view bytes) {
    for (const int descriptor : to) {
        send_all(descriptor, bytes);
    }
}
#endif

void unpark(int descriptor) {
    auto& c = clients[static_cast<std::size_t>(descriptor)];
    const auto last = parked.back();
    parked[static_cast<std::size_t>(c.parked_at)] = last;
    clients[static_cast<std::size_t>(last)].parked_at = c.parked_at;
    parked.pop_back();
    c.parked_at = -1;
}

void close_client(int descriptor) {
    auto& c = clients[static_cast<std::size_t>(descriptor)];
    if (c.parked_at >= 0) {
        unpark(descriptor);
    }
    c.partial.reset();
    ++c.poll;
    ::close(descriptor);
}

void wake_all() {
    std::vector<int> woken;
    woken.swap(parked);
    for (const int descriptor : woken) {
        clients[static_cast<std::size_t>(descriptor)].parked_at = -1;
    }
    broadcast(woken, answer);
}

void park(int descriptor, long timeout_ms) {
    auto& c = clients[static_cast<std::size_t>(descriptor)];
    c.parked_at = static_cast<std::int32_t>(parked.size());
    parked.push_back(descriptor);
    deadlines[timeout_ms].push_back(
        {clock_type::now() + milliseconds(timeout_ms), descriptor, ++c.poll});
}

// Returns the length of the whole request at the front of `bytes`, 0 when more is needed.
std::size_t request_length(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return 0;
    }
    std::size_t body = 0;
    const auto name = bytes.substr(0, end).find("\r\nContent-Length: ");
    if (name != std::string_view::npos) {
        std::from_chars(bytes.data() + name + 18, bytes.data() + end, body);
    }
    return bytes.size() >= end + 4 + body ? end + 4 + body : 0;
}

void serve(int descriptor, std::string_view request) {
    if (request.starts_with("PUT")) {
        send_all(descriptor, empty_answer);
        wake_all();
        return;
    }
    const auto line = request.substr(0, request.find("\r\n"));
    const auto at = line.find("timeout=");
    long timeout_ms = 0;
    if (at != std::string_view::npos) {
        std::from_chars(line.data() + at + 8, line.data() + line.size(), timeout_ms);
    }
    if (timeout_ms > 0) {
        park(descriptor, timeout_ms);
    } else {
        send_all(descriptor, empty_answer);
    }
}

void on_readable(int descriptor) {
    const auto n = ::recv(descriptor, scratch.data(), scratch.size(), 0);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close_client(descriptor);
        }
        return;
    }
    auto& c = clients[static_cast<std::size_t>(descriptor)];
    std::string_view bytes(scratch.data(), static_cast<std::size_t>(n));
    std::string joined;
    if (c.partial) {
        joined = std::move(*c.partial);
        c.partial.reset();
        joined.append(bytes);
        bytes = joined;
    }
    while (!bytes.empty()) {
        const auto length = request_length(bytes);
        if (length == 0) {
            c.partial = std::make_unique<std::string>(bytes);
            return;
        }
        serve(descriptor, bytes.substr(0, length));
        bytes.remove_prefix(length);
    }
}

void accept_all() {
    for (;;) {
        const int descriptor = ::accept4(acceptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            return;
        }
        if (clients.size() <= static_cast<std::size_t>(descriptor)) {
            clients.resize(static_cast<std::size_t>(descriptor) * 2 + 1);
        }
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.fd = descriptor;
        ::epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &interest);
    }
}

// Answers polls that timed out; returns how long to sleep.
int run_deadlines() {
    const auto now = clock_type::now();
    auto next = now + std::chrono::seconds(60);
    for (auto& [duration, queue] : deadlines) {
        while (!queue.empty()) {
            const auto& d = queue.front();
            auto& c = clients[static_cast<std::size_t>(d.descriptor)];
            const bool waits = c.parked_at >= 0 && c.poll == d.poll;
            if (waits && d.at > now) {
                next = std::min(next, d.at);
                break;
            }
            if (waits) {
                unpark(d.descriptor);
                send_all(d.descriptor, empty_answer);
            }
            queue.pop_front();
        }
    }
    return static_cast<int>(std::chrono::ceil<milliseconds>(next - now).count());
}

unsigned short listen_on(unsigned short port) {
    acceptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(acceptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(acceptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(acceptor, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(acceptor, backlog) != 0) {
        std::perror("raw_epoll: cannot listen");
        std::exit(1);
    }
    ::getsockname(acceptor, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

}  // namespace

int main(int argc, char** argv) {
    const auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 0);
    const auto body_bytes = static_cast<std::size_t>(argc > 2 ? std::atol(argv[2]) : 400);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    const std::string_view frame = R"({"next_batch":"s1","x":""})";
    answer = response(R"({"next_batch":"s1","x":")" +
                      std::string(std::max(body_bytes, frame.size()) - frame.size(), 'x') + "\"}");
    empty_answer = response("{}");

    poller = ::epoll_create1(EPOLL_CLOEXEC);
    const auto bound = listen_on(port);
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.fd = acceptor;
    ::epoll_ctl(poller, EPOLL_CTL_ADD, acceptor, &interest);
    std::printf("ready http://127.0.0.1:%u\n", bound);
    std::fflush(stdout);

    std::array<epoll_event, events_at_once> events;
    for (;;) {
        const int ready = ::epoll_wait(poller, events.data(), events.size(), run_deadlines());
        for (int i = 0; i < ready; ++i) {
            const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
            if (descriptor == acceptor) {
                accept_all();
            } else {
                on_readable(descriptor);
            }
        }
    }
}
