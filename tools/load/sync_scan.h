#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "load/schedule.h"

namespace porchlight::load {

// A subject's state that was seen in a response.
struct sighting {
    std::uint32_t subject = 0;
    std::uint32_t sequence = 0;
    moment intended{};
};

// Status texts of one run: "porchlight-load RUN SUBJECT.SEQUENCE.INTENDED". Nothing in them is
// escaped by any JSON writer, so that they can be found without parsing.
std::string status_text(std::string_view run, const sighting& s);

// Finds the run's status texts in bodies of /sync, in one pass and without allocation.
class sync_scanner {
  public:
    explicit sync_scanner(std::string_view run);

    // The next sighting of `rest`, which is moved behind it; nothing: there is none.
    std::optional<sighting> next(std::string_view& rest) const;

  private:
    const std::string mark_;
};

// The token of a /sync response; empty: there is none.
std::string_view next_batch(std::string_view body);

}  // namespace porchlight::load
