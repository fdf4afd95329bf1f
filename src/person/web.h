#pragma once

#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

// HTTP as a person's program needs it: the system's certificates (or those of SSL_CERT_FILE),
// proxies from the environment, time-outs. One thread.
namespace porchlight::person {

struct web_request {
    std::string method = "GET";
    std::string url;
    std::string token;  // empty: none is sent
    std::string body;   // JSON; empty: none
    std::chrono::milliseconds time_max{30'000};
    bool follow_redirects = false;
};

struct web_answer {
    std::string problem;  // not empty: no answer came, and why, as a part of a sentence
    long status = 0;
    std::string body;
};

class web {
  public:
    // Throws failed when there is no libcurl. From now on SIGPIPE is ignored.
    web();
    ~web();
    web(const web&) = delete;
    web& operator=(const web&) = delete;

    // Sends and waits.
    web_answer ask(const web_request& r);

    // Sends, to be waited for by wait(). REQUIRES: !busy().
    void begin(const web_request& r);
    bool busy() const;
    // Gives up what was begun; its connection closes.
    void give_up();
    // Until the answer came, one of `others` can be read (their revents say which), or the time is
    // over. Nothing: no answer yet.
    std::optional<web_answer> wait(std::span<pollfd> others, std::chrono::milliseconds longest);

  private:
    struct impl;
    const std::unique_ptr<impl> impl_;
};

// As a segment of a path.
std::string percent_encoded(std::string_view text);

}  // namespace porchlight::person
