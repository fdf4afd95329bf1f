#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/settings.h"
#include "ports/http.h"

namespace porchlight::net {

// What of a request the server looks at. Strings, not views: they are reused from request to
// request, so a request costs no allocation once they have grown.
struct request_parts {
    std::string method, target, authorization, content_type, forwarded_for, range, if_none_match,
        accept_encoding, body;
    std::uint64_t body_bytes_max = 0;  // what may come of the body; above the usual: a long one
    bool keep_alive = true;
    bool http_1_0 = false;
    bool expects_continue = false;
    void clear();
};

// An answer that the parser itself decides on; the connection ends after it.
struct refusal {
    int status = 400;
    std::string_view errcode = "M_UNKNOWN";
    std::string_view error;  // a sentence
};

// One HTTP request as its bytes come in. Beast reads the grammar; the rest of RFC 9112 that keeps
// servers and proxies of one mind about where a request ends is checked here.
// Owner: one connection while a request is incomplete, its net thread otherwise.
class request_parser {
  public:
    enum class progress { need_more, complete, refused };

    // `handler` says which requests may have a long body; null: none. Both outlive the parser.
    explicit request_parser(const connection_limits& limits,
                            ports::http_handler* handler = nullptr);
    ~request_parser();

    // Takes bytes off the front of `bytes`: all of them unless the request is complete, then what
    // follows it is left. REQUIRES: neither complete nor refused since the last reset().
    progress feed(std::string_view& bytes);

    bool started() const { return started_; }
    // The head is known; what is missing is body.
    bool head_done() const;
    const request_parts& parts() const { return parts_; }
    // REQUIRES: complete.
    std::string& body_to_take() { return parts_.body; }
    // The head is known, and the body may be longer than usual.
    bool has_long_body() const { return parts_.body_bytes_max > limits_.body_bytes_max; }
    const refusal& why() const { return why_; }
    // Bytes held on the heap for this incomplete request.
    std::size_t held_bytes() const { return tail_.size() + parts_.body.size(); }
    // Ready for another request; gives back what an unusually large one took.
    void reset();

  private:
    struct grammar;
    progress parse(std::string_view& bytes);
    progress refuse(int status, std::string_view errcode, std::string_view error);
    progress refused_by_grammar(int beast_error, std::string_view rest);
    progress target_too_long();
    bool make_target_a_path();

    const connection_limits& limits_;
    ports::http_handler* const handler_;
    request_parts parts_;
    refusal why_;
    std::string tail_;  // bytes that the grammar wants to see again together with the next
    bool started_ = false, refused_ = false;
    std::unique_ptr<grammar> grammar_;
};

}  // namespace porchlight::net
