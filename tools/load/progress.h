#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace porchlight::load {

// What is going on, on stderr: a bar that is drawn again and again on a terminal, and elsewhere a
// line every few seconds. One step at a time.
class progress {
  public:
    using writer = std::function<void(std::string_view)>;
    using clock = std::function<std::chrono::milliseconds()>;

    progress(writer write, bool terminal, clock now)
        : write_(std::move(write)), terminal_(terminal), now_(std::move(now)) {}

    // `total` 0: nobody knows.
    void begin(std::string what, std::uint64_t total);
    // `more` is said behind the bar.
    void update(std::uint64_t done, std::string_view more = {});
    void end();

  private:
    void draw();

    const writer write_;
    const bool terminal_;
    const clock now_;
    std::string what_, more_;
    std::uint64_t total_ = 0, done_ = 0;
    std::chrono::milliseconds drawn_{};
};

}  // namespace porchlight::load
