#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "simulation/world.h"

namespace porchlight::simulation {

// One poll loop of a device, with its own idea of everybody.
struct world::client {
    using views = std::map<std::uint32_t, presence::view>;

    std::uint32_t user = 0, slot = 0;
    base::device_key device;
    std::optional<engine::token> since;
    views heard;
    std::optional<engine::token> old_since;  // to come back to, as if it had crashed meanwhile
    views old_heard;

    std::uint64_t parked = 0;  // generation of the open poll; 0: none
    bool stream_counts = false;
    base::mono_time opened;
    milliseconds timeout{0};
    presence::stream_request marks;
    bool full = false, woken = false, may_end = false;

    bool gone = false;                          // logged out: polls no more
    std::optional<base::mono_time> polls_next;  // none: away
    std::shared_ptr<const some_subjects> filter;
    std::optional<std::uint32_t> peek;
    base::mono_time last_answer;
    std::size_t answers_now = 0;  // at one moment
};

class world::some_subjects final : public engine::subject_filter {
  public:
    some_subjects(std::uint32_t without, std::size_t most) : without_(without), most_(most) {}
    bool accepts(base::user_key u) const override { return u.value % 4 != without_; }
    std::size_t limit() const override { return most_; }

  private:
    std::uint32_t without_;
    std::size_t most_;
};

}  // namespace porchlight::simulation
