#include "net/request_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <memory>
#include <utility>

#include "net/metrics.h"

namespace porchlight::net {
namespace beast = boost::beast;
namespace http = beast::http;
namespace {

constexpr std::size_t kept_capacity = 64 * 1024;  // of a string between requests
constexpr std::size_t field_overhead = 4;         // ": " and the line's end

std::string_view view(beast::string_view s) {
    return {s.data(), s.size()};
}

void clear(std::string& s) {
    s.clear();
    if (s.capacity() > kept_capacity) {
        s.shrink_to_fit();
    }
}

}  // namespace

void request_parts::clear() {
    for (auto* s : {&method, &target, &authorization, &content_type, &forwarded_for, &range,
                    &if_none_match, &accept_encoding, &body}) {
        net::clear(*s);
    }
    body_bytes_max = 0;
    keep_alive = true;
    http_1_0 = false;
    expects_continue = false;
}

// Beast's parser with our ears: it calls these while it reads. One object reads one request.
struct request_parser::grammar final : http::basic_parser<true> {
    explicit grammar(request_parser& parser) : self(parser) {
        header_limit(static_cast<std::uint32_t>(parser.limits_.head_bytes_max));
        body_limit(boost::none);  // allow_body() sets it
        eager(true);
    }

    void fail(beast::error_code& ec, int status, std::string_view errcode, std::string_view error) {
        self.refuse(status, errcode, error);
        ec = http::error::bad_value;
    }

    void count_head(std::size_t bytes, beast::error_code& ec) {
        head_bytes += bytes;
        if (head_bytes > self.limits_.head_bytes_max) {
            ec = http::error::header_limit;
        }
    }

    void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                         int version, beast::error_code& ec) override {
        if (target.size() > self.limits_.target_bytes_max) {
            self.target_too_long();
            ec = http::error::bad_target;
            return;
        }
        count_head(method.size() + target.size(), ec);
        self.parts_.method.assign(method.data(), method.size());
        self.parts_.target.assign(target.data(), target.size());
        self.parts_.http_1_0 = version == 10;
    }

    void on_field_impl(http::field name, beast::string_view name_as_sent, beast::string_view value,
                       beast::error_code& ec) override {
        if (++fields > self.limits_.header_count_max) {
            metrics::header_count.reached();
            return fail(ec, 431, "M_UNKNOWN", "The request has too many header fields.");
        }
        count_head(name_as_sent.size() + value.size() + field_overhead, ec);
        if (ec || is_header_done()) {
            return;  // a trailer says nothing that is believed
        }
        if (name == http::field::unknown && beast::iequals(name_as_sent, "X-Forwarded-For")) {
            auto& forwarded = self.parts_.forwarded_for;
            forwarded.append(forwarded.empty() ? "" : ",").append(view(value));
            return;
        }
        take_field(name, value, ec);
    }

    void take_field(http::field name, beast::string_view value, beast::error_code& ec) {
        auto& parts = self.parts_;
        if (name == http::field::host) {
            if (std::exchange(has_host, true)) {
                fail(ec, 400, "M_UNKNOWN", "The request names its host twice.");
            }
        } else if (name == http::field::authorization) {
            if (std::exchange(has_authorization, true)) {
                fail(ec, 400, "M_UNKNOWN", "The request is authorized twice.");
            }
            parts.authorization = view(value);
        } else if (name == http::field::content_type) {
            parts.content_type = view(value);
        } else if (name == http::field::range) {
            parts.range = view(value);
        } else if (name == http::field::if_none_match) {
            parts.if_none_match = view(value);
        } else if (name == http::field::accept_encoding) {
            auto& codings = parts.accept_encoding;
            codings.append(codings.empty() ? "" : ",").append(view(value));
        } else if (name == http::field::expect) {
            if (!beast::iequals(value, "100-continue")) {
                fail(ec, 417, "M_UNKNOWN", "Nothing but 100-continue can be expected.");
            }
            parts.expects_continue = true;
        } else if (name == http::field::transfer_encoding) {
            if (!beast::iequals(value, "chunked")) {
                fail(ec, 501, "M_UNRECOGNIZED", "The only transfer coding known is chunked.");
            } else if (parts.http_1_0) {
                fail(ec, 400, "M_UNKNOWN", "HTTP/1.0 has no transfer codings.");
            }
        }
    }

    void on_header_impl(beast::error_code& ec) override {
        auto& parts = self.parts_;
        if (!has_host && !parts.http_1_0) {
            return fail(ec, 400, "M_UNKNOWN", "The request names no host.");
        }
        if (!self.make_target_a_path()) {
            return fail(ec, 400, "M_UNKNOWN", "The request target is not a path.");
        }
        parts.keep_alive = keep_alive();
        allow_body(ec);
    }

    // Only now is known whose body it is. Nothing of it was read yet.
    void allow_body(beast::error_code& ec) {
        std::uint64_t allowed = self.limits_.body_bytes_max;
        const auto announced = content_length();
        if (self.handler_ != nullptr && (chunked() || (announced && *announced > allowed))) {
            const auto& parts = self.parts_;
            const auto permit =
                self.handler_->long_body(parts.method, parts.target, parts.authorization);
            if (permit.bytes_max == 0 && announced) {
                metrics::body_bytes.reached();
                return fail(ec, permit.status, permit.errcode, permit.error);
            }
            allowed = std::max(allowed, permit.bytes_max);
        }
        if (announced && *announced > allowed) {
            ec = http::error::body_limit;
            return;
        }
        self.parts_.body_bytes_max = announced ? std::max(*announced, std::uint64_t{1}) : allowed;
        body_limit(allowed);
    }

    std::size_t on_body_impl(beast::string_view bytes, beast::error_code&) override {
        self.parts_.body.append(bytes.data(), bytes.size());
        return bytes.size();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes,
                                   beast::error_code& ec) override {
        return on_body_impl(bytes, ec);
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    void on_finish_impl(beast::error_code&) override {}
    void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}

    request_parser& self;
    std::size_t fields = 0, head_bytes = 0;
    bool has_host = false, has_authorization = false;
};

request_parser::request_parser(const connection_limits& limits, ports::http_handler* handler)
    : limits_(limits), handler_(handler), grammar_(std::make_unique<grammar>(*this)) {}

request_parser::~request_parser() = default;

void request_parser::reset() {
    parts_.clear();
    clear(tail_);
    started_ = false;
    refused_ = false;
    std::destroy_at(grammar_.get());
    std::construct_at(grammar_.get(), *this);
}

bool request_parser::head_done() const {
    return grammar_->is_header_done();
}

request_parser::progress request_parser::feed(std::string_view& bytes) {
    // RFC 9112 2.2: empty lines before a request are ignored.
    while (!started_ && !bytes.empty() && (bytes.front() == '\r' || bytes.front() == '\n')) {
        bytes.remove_prefix(1);
    }
    if (bytes.empty()) {
        return progress::need_more;
    }
    started_ = true;
    if (tail_.empty()) {
        const auto outcome = parse(bytes);
        if (outcome == progress::need_more) {
            tail_ = bytes;
            bytes = {};
        }
        return outcome;
    }
    tail_.append(bytes);
    std::string_view joined = tail_;
    const auto outcome = parse(joined);
    if (outcome == progress::need_more) {
        tail_.erase(0, tail_.size() - joined.size());
        bytes = {};
    } else {
        bytes.remove_prefix(bytes.size() - std::min(bytes.size(), joined.size()));
        tail_.clear();
    }
    return outcome;
}

request_parser::progress request_parser::parse(std::string_view& bytes) {
    beast::error_code ec;
    const auto taken = grammar_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    bytes.remove_prefix(taken);
    if (refused_) {
        return progress::refused;
    }
    if (ec && ec != http::error::need_more) {
        return refused_by_grammar(ec.value(), bytes);
    }
    if (grammar_->is_done()) {
        return progress::complete;
    }
    if (bytes.size() >= limits_.head_bytes_max) {  // an endless chunk header or trailer
        return refused_by_grammar(static_cast<int>(http::error::header_limit), bytes);
    }
    return progress::need_more;
}

// What Beast refuses, in our words. `rest`: what it had not yet taken.
request_parser::progress request_parser::refused_by_grammar(int beast_error,
                                                            std::string_view rest) {
    switch (static_cast<http::error>(beast_error)) {
        case http::error::header_limit:
            if (parts_.method.empty() && rest.find('\n') > limits_.target_bytes_max) {
                return target_too_long();
            }
            metrics::head_bytes.reached();
            return refuse(431, "M_UNKNOWN", "The head of the request is too long.");
        case http::error::body_limit:
            metrics::body_bytes.reached();
            return refuse(413, "M_TOO_LARGE", "The body of the request is too large.");
        case http::error::bad_version:
            return refuse(505, "M_UNRECOGNIZED", "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
        default:
            return refuse(400, "M_UNKNOWN", "The request is not valid HTTP.");
    }
}

request_parser::progress request_parser::target_too_long() {
    metrics::target_bytes.reached();
    return refuse(414, "M_UNKNOWN", "The request target is too long.");
}

request_parser::progress request_parser::refuse(int status, std::string_view errcode,
                                                std::string_view error) {
    refused_ = true;
    why_ = {status, errcode, error};
    return progress::refused;
}

// RFC 9112 3.2: a server takes the absolute form too, and "*" with OPTIONS.
bool request_parser::make_target_a_path() {
    auto& target = parts_.target;
    if (target.starts_with('/')) {
        return true;
    }
    if (target == "*" && parts_.method == "OPTIONS") {
        target = "/";
        return true;
    }
    const auto scheme_end = target.find("://");
    const auto scheme = target.substr(0, scheme_end);
    if (scheme_end == std::string::npos ||
        (!beast::iequals(scheme, "http") && !beast::iequals(scheme, "https"))) {
        return false;
    }
    const auto authority = scheme_end + 3;
    const auto path = target.find_first_of("/?", authority);
    if (path == authority) {
        return false;
    }
    target.erase(0, path);
    if (!target.starts_with('/')) {
        target.insert(0, 1, '/');
    }
    return true;
}

}  // namespace porchlight::net
