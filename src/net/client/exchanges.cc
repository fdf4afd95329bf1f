#include "net/client/exchanges.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/client/failures.h"
#include "net/client/idle_pool.h"
#include "net/client/request_text.h"
#include "net/metrics.h"
#include "net/real_clock.h"

namespace porchlight::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using ports::client_error;
using ports::client_failure;
using ports::client_request;
using ports::client_response;
using outcome = base::result<client_response, client_failure>;
using steady = std::chrono::steady_clock;

// One TLS connection to another server.
struct link {
    link(asio::io_context& io, ssl_st* session, std::string where, std::string key)
        : tls(io, session), address(std::move(where)), place(std::move(key)) {}
    asio::ssl::stream<beast::tcp_stream> tls;  // frees the session
    const std::string address;
    const std::string place;  // the pool's name for where it leads
    bool waited = false;      // in the pool, so that the server may have closed it meanwhile

    beast::tcp_stream& tcp() { return tls.next_layer(); }
};

// What one request on one connection came to.
struct conversation {
    std::optional<client_response> response;
    client_failure failure;  // if there is no response
    bool reusable = false;   // the connection, for another request
    bool again = false;      // no byte of an answer came, and there is time: worth another try
};

std::string place_of(const std::string& address, const client_request& r) {
    return address + " " + std::to_string(r.port) + " " + r.tls_name;
}

void tune(asio::ip::tcp::socket& socket) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    // A connection that a firewall has forgotten fails in time for another try.
    const unsigned ms = base::milliseconds{base::limits::client_unacknowledged_max}.count();
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

client_response response_of(http::response<http::string_body>&& message) {
    client_response r;
    r.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
        std::string name = field.name_string();
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        r.headers.emplace_back(std::move(name), field.value());
    }
    r.body = std::move(message.body());
    return r;
}

}  // namespace

struct exchanges::impl {
    asio::io_context& io;
    crossing& way;
    const trust& believed;
    const outgoing_limits limits;
    std::atomic<std::size_t> under_way{0};
    idle_pool<link> idle;
    std::optional<asio::steady_timer> expiry;  // until close()
    bool expiry_runs = false;

    impl(asio::io_context& client, crossing& c, const trust& t, const outgoing_limits& l)
        : io(client),
          way(c),
          believed(t),
          limits(l),
          idle(l.idle_connections_max, l.idle_max),
          expiry(client) {}

    void start(client_request r, ports::http_client::answer done, steady::time_point deadline);
    asio::awaitable<void> run(client_request r, ports::http_client::answer done,
                              steady::time_point deadline);
    asio::awaitable<outcome> ask(const client_request& r, steady::time_point deadline);
    asio::awaitable<std::unique_ptr<link>> dial(const client_request& r,
                                                steady::time_point deadline,
                                                client_failure& failure);
    asio::awaitable<std::unique_ptr<link>> attempt(const client_request& r,
                                                   const std::string& address,
                                                   steady::time_point until,
                                                   client_failure& failure);
    asio::awaitable<conversation> converse(link& l, const client_request& r,
                                           const std::string& text, steady::time_point deadline);
    asio::awaitable<error_code> read_answer(link& l, const client_request& r, conversation& c);

    std::unique_ptr<link> waiting_link(const client_request& r);
    void keep(std::unique_ptr<link> l);
    void expire();
};

void exchanges::impl::start(client_request r, ports::http_client::answer done,
                            steady::time_point deadline) {
    asio::co_spawn(io, run(std::move(r), std::move(done), deadline), [](std::exception_ptr e) {
        // Whatever is expected is a value; the rest is a fault that must not pass unseen.
        if (e) {
            std::rethrow_exception(e);
        }
    });
}

asio::awaitable<void> exchanges::impl::run(client_request r, ports::http_client::answer done,
                                           steady::time_point deadline) {
    auto result = co_await ask(r, deadline);
    --under_way;
    way.answer(std::move(done), std::move(result));
}

asio::awaitable<outcome> exchanges::impl::ask(const client_request& r,
                                              steady::time_point deadline) {
    const auto text = request_text(r);
    if (!text) {
        co_return client_failure{client_error::protocol,
                                 "a request to " + r.tls_name +
                                     " would hold characters that end its lines; it was not sent"};
    }
    auto on = waiting_link(r);
    while (true) {
        if (!on) {
            client_failure failure;
            on = co_await dial(r, deadline, failure);
            if (!on) {
                co_return failure;
            }
        }
        auto heard = co_await converse(*on, r, *text, deadline);
        if (heard.response) {
            if (heard.reusable) {
                keep(std::move(on));
            }
            co_return std::move(*heard.response);
        }
        // Once, and on a new connection: that one never waited.
        if (!on->waited || !heard.again) {
            co_return heard.failure;
        }
        on.reset();
    }
}

// Tries the addresses one after another; null with `failure` when none will do.
asio::awaitable<std::unique_ptr<link>> exchanges::impl::dial(const client_request& r,
                                                             steady::time_point deadline,
                                                             client_failure& failure) {
    std::vector<client_failure> attempts;
    for (const auto& address : r.addresses) {
        const auto now = steady::now();
        if (now >= deadline) {
            break;
        }
        const auto share = std::max<steady::duration>((deadline - now) / 3, limits.attempt_min);
        auto& why = attempts.emplace_back();
        auto made = co_await attempt(r, address, std::min(deadline, now + share), why);
        if (made) {
            co_return made;
        }
    }
    if (attempts.empty()) {
        attempts.push_back(
            {client_error::unreachable, "no address of " + r.tls_name + " to connect to was left"});
    }
    failure = joined(std::move(attempts));
    if (steady::now() >= deadline) {
        failure.what = client_error::timed_out;
        failure.sentence += "; no time was left of " + duration_text(r.timeout);
    }
    co_return nullptr;
}

asio::awaitable<std::unique_ptr<link>> exchanges::impl::attempt(const client_request& r,
                                                                const std::string& address,
                                                                steady::time_point until,
                                                                client_failure& failure) {
    const auto place = place_text(address, r.port);
    error_code e;
    const auto ip = asio::ip::make_address(address, e);
    if (e) {
        failure = {client_error::unreachable, address + " is no IP address"};
        co_return nullptr;
    }
    auto* const session = believed.session(r.tls_name);
    if (session == nullptr) {
        failure = {client_error::certificate,
                   "there can be no certificate for the name \"" + r.tls_name + "\""};
        co_return nullptr;
    }
    auto made = std::make_unique<link>(io, session, address, place_of(address, r));
    made->tcp().expires_at(until);
    co_await made->tcp().async_connect(asio::ip::tcp::endpoint(ip, r.port),
                                       asio::redirect_error(asio::use_awaitable, e));
    if (e) {
        failure = {client_error::unreachable,
                   "connecting to " + place + ": " +
                       (e == beast::error::timeout ? "no answer in time" : e.message())};
        co_return nullptr;
    }
    tune(made->tcp().socket());
    co_await made->tls.async_handshake(asio::ssl::stream_base::client,
                                       asio::redirect_error(asio::use_awaitable, e));
    if (!e) {
        co_return made;
    }
    if (e == beast::error::timeout) {
        failure = {client_error::unreachable, "TLS with " + place + ": no answer in time"};
    } else if (const auto complaint = certificate_complaint(session)) {
        failure = {client_error::certificate,
                   "the certificate of " + r.tls_name + ": " + *complaint};
    } else {
        failure = {
            client_error::certificate,
            "TLS with " + place + ": " + (is_end(e) ? "it ended the connection" : e.message())};
    }
    co_return nullptr;
}

asio::awaitable<conversation> exchanges::impl::converse(link& l, const client_request& r,
                                                        const std::string& text,
                                                        steady::time_point deadline) {
    conversation c;
    c.again = true;
    l.tcp().expires_at(deadline);
    error_code e;
    co_await asio::async_write(l.tls, asio::buffer(text),
                               asio::redirect_error(asio::use_awaitable, e));
    if (!e) {
        e = co_await read_answer(l, r, c);
    }
    if (e) {
        c.response.reset();
        c.failure = failure_of(e, r.tls_name + " at " + place_text(l.address, r.port), r,
                               limits.head_bytes_max);
        c.again = c.again && e != beast::error::timeout;
    }
    // What came after the answer, if anything, is the end of the connection.
    c.reusable = c.reusable && !holds_unread_bytes(l.tls.native_handle());
    l.tcp().expires_never();
    co_return c;
}

asio::awaitable<error_code> exchanges::impl::read_answer(link& l, const client_request& r,
                                                         conversation& c) {
    beast::flat_buffer unread;
    for (std::size_t interim = 0;; ++interim) {
        http::response_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
        parser.body_limit(r.response_bytes_max);
        parser.skip(r.method == "HEAD");
        error_code e;
        co_await http::async_read(l.tls, unread, parser,
                                  asio::redirect_error(asio::use_awaitable, e));
        c.again = c.again && !parser.got_some();
        if (e) {
            co_return e;
        }
        const auto status = parser.get().result_int();
        if (status >= 200) {
            c.reusable = r.keep_alive && parser.keep_alive() && unread.size() == 0;
            c.response = response_of(parser.release());
            co_return error_code{};
        }
        // Nothing was asked for to which 101 would be the answer.
        if (status == 101 || interim >= base::limits::client_interim_answers_max) {
            metrics::client_interim_answers.reached();
            co_return http::make_error_code(http::error::bad_status);
        }
    }
}

// A connection from the pool to one of the addresses; null: none is there.
std::unique_ptr<link> exchanges::impl::waiting_link(const client_request& r) {
    if (!r.keep_alive) {
        return nullptr;
    }
    for (const auto& address : r.addresses) {
        if (auto found = idle.take(place_of(address, r))) {
            error_code ignored;
            found->tcp().socket().cancel(ignored);  // keep() waits on it
            return found;
        }
    }
    return nullptr;
}

void exchanges::impl::keep(std::unique_ptr<link> l) {
    l->waited = true;
    auto& socket = l->tcp().socket();
    const auto place = l->place;
    const auto kept = idle.keep(place, std::move(l), real_clock().now().mono);
    if (kept.was_full) {
        metrics::client_idle_connections.reached();
    }
    // Nothing is due on it: what comes is its end.
    socket.async_wait(asio::ip::tcp::socket::wait_read, [this, named = kept.named](error_code e) {
        if (e != asio::error::operation_aborted) {
            idle.drop(named);
        }
    });
    if (!expiry_runs) {
        expire();
    }
}

void exchanges::impl::expire() {
    const auto next = idle.expire(real_clock().now().mono);
    expiry_runs = next.has_value();
    if (!next) {
        return;
    }
    expiry->expires_at(steady::time_point{next->time_since_epoch()});
    expiry->async_wait([this](error_code e) {
        if (!e) {
            expire();
        }
    });
}

exchanges::exchanges(boost::asio::io_context& client, crossing& way, const trust& believed,
                     const outgoing_limits& limits)
    : impl_(std::make_unique<impl>(client, way, believed, limits)) {}

exchanges::~exchanges() = default;

void exchanges::begin(ports::client_request r, ports::http_client::answer done) {
    if (impl_->under_way >= impl_->limits.requests_max) {
        metrics::client_requests.reached();
        impl_->way.answer(
            std::move(done),
            outcome(client_failure{client_error::overloaded,
                                   std::to_string(impl_->limits.requests_max) +
                                       " requests to other servers are under way; this one, to " +
                                       r.tls_name + ", was not sent"}));
        return;
    }
    ++impl_->under_way;
    const auto deadline = steady::now() + r.timeout;
    impl_->way.enter([&to = *impl_, r = std::move(r), done = std::move(done), deadline]() mutable {
        to.start(std::move(r), std::move(done), deadline);
    });
}

void exchanges::close() {
    impl_->idle.clear();
    impl_->expiry.reset();
}

}  // namespace porchlight::net
