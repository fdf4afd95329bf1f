#include "net/response_head.h"

#include <array>
#include <charconv>
#include <utility>

namespace porchlight::net {
namespace {

constexpr std::string_view cross_origin =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS\r\n"
    "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization\r\n";

constexpr std::string_view json_head =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS\r\n"
    "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization\r\n"
    "Content-Length: ";

constexpr std::array<std::pair<int, std::string_view>, 33> reasons{{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

std::string_view reason(int status) {
    for (const auto& [known, text] : reasons) {
        if (known == status) {
            return text;
        }
    }
    return "Other";
}

void append_number(std::string& out, std::size_t n) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n);
    out.append(digits.data(), end.ptr);
}

void append_persistence(std::string& out, persistence p) {
    if (p == persistence::close) {
        out += "Connection: close\r\n";
    } else if (p == persistence::keep_alive_1_0) {
        out += "Connection: keep-alive\r\n";
    }
}

void append_value(std::string& out, std::string_view value) {
    for (const char c : value) {
        const auto u = static_cast<unsigned char>(c);
        out.push_back(u < 0x20 || u == 0x7f ? ' ' : c);
    }
}

}  // namespace

void write_json_head(std::string& out, std::size_t body_bytes, persistence p) {
    out = json_head;
    append_number(out, body_bytes);
    out += "\r\n";
    append_persistence(out, p);
    out += "\r\n";
}

void write_head(std::string& out, const ports::http_response& r, persistence p) {
    out = "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(r.status));
    out += ' ';
    out += reason(r.status);
    out += "\r\n";
    if (r.cross_origin) {
        out += cross_origin;
    }
    if (!has_no_body(r.status)) {
        if (!r.content_type.empty()) {
            out += "Content-Type: ";
            out += r.content_type;
            out += "\r\n";
        }
        out += "Content-Length: ";
        append_number(out, r.body.size() + r.rest_bytes);
        out += "\r\n";
    }
    for (const auto& [name, value] : r.headers) {
        append_value(out, name);
        out += ": ";
        append_value(out, value);
        out += "\r\n";
    }
    append_persistence(out, p);
    out += "\r\n";
}

std::string error_body(std::string_view errcode, std::string_view error) {
    std::string body = R"({"errcode":")";
    body.append(errcode).append(R"(","error":")").append(error).append("\"}");
    return body;
}

}  // namespace porchlight::net
