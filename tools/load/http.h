#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "load/histogram.h"

namespace porchlight::load {

// What every request to one server begins and ends with.
struct request_frame {
    std::string path_prefix;  // of the base URL, without a slash at its end
    std::string host;         // the Host header

    // A request is begin(), its target, and end(). `token` empty: not authorized.
    void begin(std::string& out, std::string_view method) const;
    void end(std::string& out, std::string_view token) const;
    void end_with_body(std::string& out, std::string_view token, std::string_view json) const;
};

// A path segment or a value of the query, with all but the unreserved characters encoded.
std::string url_encoded(std::string_view text);

// A response. The view is valid during the call that it is given to.
struct answer {
    int status = 0;
    std::string_view body = {};
    std::optional<std::chrono::seconds> retry_after = {};  // the header, where it is a number
    bool keep_alive = true;
};

// How long the server wants to be left alone after a 429 (or 503): the header, or the body's
// retry_after_ms, or a second; at most a minute.
std::chrono::milliseconds retry_delay(const answer& a);

// Reads one response as its bytes come in; Beast reads the grammar, chunked bodies too. The body of
// a response that is in one piece is not copied.
class response_reader {
  public:
    static constexpr std::size_t head_bytes_max = 64 * 1024;
    static constexpr std::size_t body_bytes_max = 64 * 1024 * 1024;
    enum class progress { need_more, complete, invalid };

    response_reader();
    ~response_reader();
    response_reader(const response_reader&) = delete;
    response_reader& operator=(const response_reader&) = delete;

    // Takes bytes off the front of `bytes`: all of them unless the response is complete.
    progress feed(std::string_view& bytes);
    // The peer sent its end: a body without a length is complete with that.
    progress end();
    // REQUIRES: complete; valid as long as the bytes that were fed last, and this.
    answer result() const;
    // Ready for another response.
    void reset();

  private:
    struct grammar;
    std::unique_ptr<grammar> grammar_;
    std::string tail_;  // fed, and not yet taken by the grammar: a part of a head or chunk
};

}  // namespace porchlight::load
