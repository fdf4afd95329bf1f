#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_function.h"

// HTTP as the protocol edges see it; net/ implements it.
namespace porchlight::ports {

// Names one request on one connection. Stale (another request or another connection lives there
// now) handles are ignored by everyone who gets them, so a late answer never reaches a wrong
// client.
struct http_handle {
    std::uint32_t thread = 0;
    std::uint32_t slot = 0;
    std::uint64_t generation = 0;  // unique per request within the slot
    friend bool operator==(const http_handle&, const http_handle&) = default;
};

// One whole request. Views are valid only during http_handler::on_request.
struct http_request {
    http_handle handle;
    std::string_view method;         // as sent, e.g. "GET"
    std::string_view path;           // still percent-encoded, begins with '/'
    std::string_view query;          // without '?', still percent-encoded
    std::string_view authorization;  // value of the header, empty when absent
    std::string_view content_type;
    // Values of the headers, empty when absent.
    std::string_view range, if_none_match, accept_encoding;
    std::string_view body;
    // What `body` looks at, where the handler may take it away; null: `body` is to be copied.
    std::string* body_to_take = nullptr;
    std::string_view peer_address;  // the client's, X-Forwarded-For from trusted proxies applied
    std::uint32_t listener = 0;     // which of the addresses net listens on it came in by, from 0
};

// What follows the body of a response, brought piece by piece when the one before is on its way: a
// slow reader costs one piece, however much there is. One net thread.
class body_rest {
  public:
    using piece = base::unique_function<void(std::optional<std::string>)>;
    virtual ~body_rest() = default;
    // Calls `done` once, from any thread, with a piece that is not empty. None: there is no more to
    // be had, and the connection ends in the middle of the body.
    virtual void next(piece done) = 0;
};

struct http_response {
    int status = 200;
    std::string body;  // JSON unless content_type says else
    // Static storage; empty: it stands among the headers.
    std::string_view content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;  // beyond those net always sends
    std::shared_ptr<body_rest> rest;                           // null: the body is all
    std::uint64_t rest_bytes = 0;                              // exactly so many come from `rest`
    bool cross_origin = true;                                  // pages of other origins may read it
};

// Whether a body longer than the usual limit may come in, and how long. The defaults refuse it.
struct body_permit {
    std::uint64_t bytes_max = 0;  // above: 413; 0: refused as the following says. Static storage.
    int status = 413;
    std::string_view errcode = "M_TOO_LARGE";
    std::string_view error = "The body of the request is too large.";
};

// A part of a response body on its way out; joined without copies.
struct http_delivery {
    http_handle handle;
    std::string_view body;  // valid until respond_now returns
};

// One net thread's sending side. `respond` may be called from any thread; `respond_now` only on the
// net thread itself, inside a task given to `post`.
// A response to a stale handle is dropped. CORS headers (but for http_response::cross_origin),
// Content-Length, Date-less minimal head and keep-alive are net's affair and on every response.
class http_sender {
  public:
    virtual ~http_sender() = default;
    // Any thread: hands the response to the handle's net thread.
    virtual void respond(http_handle h, http_response r) = 0;
    // Any thread: runs `t` on net thread number `thread`.
    virtual void post(std::uint32_t thread, base::unique_function<void()> t) = 0;
    // Net thread `d.handle.thread` only: one non-blocking send of a 200 with JSON body; only an
    // unsent tail is copied. Cost: one system call, no allocation unless the peer is slow.
    virtual void respond_now(const http_delivery& d) = 0;
    virtual std::uint32_t thread_count() const = 0;
};

// Called on net threads.
class http_handler {
  public:
    virtual ~http_handler() = default;
    // Must lead to exactly one respond for r.handle, now or later. The connection reads no further
    // request until then (it is "parked").
    virtual void on_request(const http_request& r) = 0;
    // The client went away while its request was unanswered (FIN, RST, time-out of TCP, or closed
    // by a limit). No respond is needed any more; one that comes is dropped.
    virtual void on_gone(http_handle h) = 0;
    // A body that is longer than usual, or of unknown length, is on its way for this request; none
    // of it was read. At most once a request.
    virtual body_permit long_body(std::string_view /*method*/, std::string_view /*target*/,
                                  std::string_view /*authorization*/) {
        return {};
    }
};

}  // namespace porchlight::ports
