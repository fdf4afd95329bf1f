#include "load/http.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <cstdint>

namespace porchlight::load {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;

constexpr auto retry_delay_usual = 1s;
constexpr auto retry_delay_max = 60s;

bool unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t n = 0;
    const auto error = std::from_chars(text.data(), text.data() + text.size(), n).ec;
    return error == std::errc{} && n >= 0 ? std::optional(n) : std::nullopt;
}

}  // namespace

void request_frame::begin(std::string& out, std::string_view method) const {
    out.assign(method).append(" ").append(path_prefix);
}

void request_frame::end(std::string& out, std::string_view token) const {
    out.append(" HTTP/1.1\r\nHost: ").append(host);
    out.append("\r\nUser-Agent: porchlight-load/" PORCHLIGHT_VERSION "\r\n");
    if (!token.empty()) {
        out.append("Authorization: Bearer ").append(token).append("\r\n");
    }
    out.append("\r\n");
}

void request_frame::end_with_body(std::string& out, std::string_view token,
                                  std::string_view json) const {
    end(out, token);
    out.resize(out.size() - 2);  // the empty line
    out.append("Content-Type: application/json\r\nContent-Length: ");
    out.append(std::to_string(json.size())).append("\r\n\r\n").append(json);
}

std::string url_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (unreserved(c)) {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append({'%', digits[byte >> 4], digits[byte & 15]});
        }
    }
    return out;
}

std::chrono::milliseconds retry_delay(const answer& a) {
    std::chrono::milliseconds delay = retry_delay_usual;
    constexpr std::string_view key = "\"retry_after_ms\"";
    const auto at = a.body.find(key);
    if (a.retry_after) {
        delay = *a.retry_after;
    } else if (at != std::string_view::npos) {
        const auto begin = a.body.find_first_of("0123456789", at + key.size());
        const auto ms =
            begin == std::string_view::npos ? std::nullopt : number(a.body.substr(begin));
        delay = std::chrono::milliseconds(ms.value_or(delay.count()));
    }
    return std::clamp<std::chrono::milliseconds>(delay, 1ms, retry_delay_max);
}

// What Beast's parser found.
struct response_reader::grammar : http::basic_parser<false> {
    using error = beast::error_code;

    grammar() {
        eager(true);
        header_limit(head_bytes_max);
        body_limit(body_bytes_max);
    }

    void on_response_impl(int code, beast::string_view, int, error&) override { status = code; }
    void on_field_impl(http::field name, beast::string_view, beast::string_view value,
                       error&) override {
        if (name == http::field::retry_after) {
            if (const auto n = number({value.data(), value.size()})) {
                retry_after = std::chrono::seconds(std::min<std::int64_t>(*n, 3600));
            }
        }
    }
    std::size_t on_body_impl(beast::string_view bytes, error&) override {
        if (body.empty() && kept.empty()) {
            body = {bytes.data(), bytes.size()};
        } else {
            keep();
            kept.append(bytes.data(), bytes.size());
        }
        return bytes.size();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error& ec) override {
        return on_body_impl(bytes, ec);
    }
    void on_request_impl(http::verb, beast::string_view, beast::string_view, int, error&) override {
    }
    void on_header_impl(error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error&) override {}
    void on_finish_impl(error&) override {}

    // `body` points into the bytes fed, until there is more than one piece or they go away.
    void keep() {
        kept.append(body);
        body = {};
    }

    int status = 0;
    std::optional<std::chrono::seconds> retry_after;
    std::string_view body;
    std::string kept;
};

response_reader::response_reader() : grammar_(std::make_unique<grammar>()) {}
response_reader::~response_reader() = default;

response_reader::progress response_reader::feed(std::string_view& bytes) {
    std::string_view left = bytes;
    if (!tail_.empty()) {
        grammar_->keep();
        tail_.append(bytes);
        left = tail_;
    }
    beast::error_code ec;
    const auto taken = grammar_->put(boost::asio::const_buffer(left.data(), left.size()), ec);
    left.remove_prefix(taken);
    if (ec && ec != http::error::need_more) {
        return progress::invalid;
    }
    if (grammar_->is_done()) {
        bytes.remove_prefix(bytes.size() - std::min(bytes.size(), left.size()));
        return progress::complete;
    }
    bytes = {};
    grammar_->keep();
    tail_ = std::string(left);
    return tail_.size() > head_bytes_max ? progress::invalid : progress::need_more;
}

response_reader::progress response_reader::end() {
    beast::error_code ec;
    grammar_->put_eof(ec);
    return !ec && grammar_->is_done() ? progress::complete : progress::invalid;
}

answer response_reader::result() const {
    const auto& g = *grammar_;
    return {g.status, g.kept.empty() ? g.body : std::string_view(g.kept), g.retry_after,
            g.keep_alive()};
}

void response_reader::reset() {
    std::destroy_at(grammar_.get());
    std::construct_at(grammar_.get());
    tail_.clear();
}

}  // namespace porchlight::load
