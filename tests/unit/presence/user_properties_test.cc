#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ostream>
#include <vector>

#include "unit/presence/model.h"

namespace porchlight::presence::test {
namespace {

using namespace std::chrono_literals;
using base::device_key;
using base::milliseconds;
using base::mono_time;

// More than rapidcheck's hundred, unless the environment says otherwise.
const int more_cases = ::setenv("RC_PARAMS", "max_success=500", 0);

struct step {
    int verb, device, detail, text, wait, jump;
};

// What rapidcheck prints of a failing case.
std::ostream& operator<<(std::ostream& out, const step& s) {
    return out << "{verb " << s.verb << ", device " << s.device << ", detail " << s.detail
               << ", text " << s.text << ", wait " << s.wait << ", jump " << s.jump << "}";
}

rc::Gen<step> any_step() {
    return rc::gen::map(
        rc::gen::tuple(rc::gen::inRange(0, 20), rc::gen::inRange(0, 3), rc::gen::inRange(0, 8),
                       rc::gen::inRange(0, 6), rc::gen::inRange(0, 12), rc::gen::inRange(0, 40)),
        [](const std::tuple<int, int, int, int, int, int>& t) {
            return step{std::get<0>(t), std::get<1>(t), std::get<2>(t),
                        std::get<3>(t), std::get<4>(t), std::get<5>(t)};
        });
}

// Round the edges of every deadline, and nothing at all.
constexpr std::array<milliseconds, 12> waits{0ms, 0ms,  1ms,       1s,  29'999ms, 30s,
                                             60s, 5min, 299'999ms, 20s, 10min,    45s};

bool same_but_activity(view a, view b) {
    a.last_active = b.last_active;
    return a == b;
}

bool same_but_activity(saved_state a, const saved_state& b) {
    a.last_active = b.last_active;
    return a == b;
}

// Drives a user and its model side by side and compares them after every call.
class pair_of {
  public:
    explicit pair_of(const settings& s) : settings_(s), real_(settings_), model_(settings_, {}) {}

    void take(const step& s) {
        wait(waits.at(static_cast<std::size_t>(s.wait)), s.jump == 2);
        if (s.jump == 0) {
            now_.wall += 7min;
        } else if (s.jump == 1) {
            now_.wall -= 90s;
        }
        input in;
        in.at = now_;
        in.device = device_key{static_cast<std::uint32_t>(s.device)};
        if (s.verb < 7) {
            in.what = input::kind::open;
            in.stream = stream_of(s.detail);
            open_.push_back(in);
        } else if (s.verb < 12) {
            if (open_.empty()) {
                call(in);
                return;
            }
            const auto which = open_.begin() + s.detail % static_cast<std::ptrdiff_t>(open_.size());
            in.what = input::kind::close;
            in.device = which->device;
            in.stream = which->stream;
            open_.erase(which);
        } else if (s.verb < 17) {
            in.what = input::kind::put;
            in.request = request_of(s);
        } else if (s.verb == 17) {
            in.what = input::kind::active;
        } else if (s.detail < 4) {
            in.what = input::kind::removed;
            std::erase_if(open_, [&](const input& i) { return i.device == in.device; });
        } else if (s.detail == 4) {
            in.what = input::kind::deactivated;
            open_.clear();
        } else {
            call(in);
            restart();
            return;
        }
        call(in);
    }

  private:
    static stream_request stream_of(int detail) {
        if (detail == 0) {
            return {.marks = false, .asked = std::nullopt};
        }
        if (detail > 4) {
            return {};
        }
        return {.marks = true, .asked = static_cast<state>(detail)};
    }

    put_request request_of(const step& s) const {
        put_request r;
        if (s.detail == 7) {
            r.hide = true;
        } else {
            r.asked = static_cast<state>(s.detail % 5);
            r.unhide = s.jump == 3;
        }
        if (s.text < 3) {
            r.text = std::array{"", "lunch", "in a meeting"}.at(static_cast<std::size_t>(s.text));
            if (s.jump % 4 == 0) {
                r.text_expires = now_.wall + (s.jump == 8 ? -1s : 40s);
            }
        }
        return r;
    }

    // Lets time pass; `late`: nobody settles at the deadlines in between.
    void wait(milliseconds span, bool late) {
        const mono_time end = now_.mono + span;
        while (!late && real_.next_deadline() && *real_.next_deadline() <= end) {
            // A deadline may stand before now only when the wall clock has jumped.
            const mono_time due = std::max(*real_.next_deadline(), now_.mono);
            untouched_until(due);
            pass(due);
            input settled;
            settled.at = now_;
            call(settled);
            RC_ASSERT(!real_.next_deadline() || *real_.next_deadline() > now_.mono);
        }
        if (!late) {
            untouched_until(end + 1ms);
        }
        pass(end);
    }

    void pass(mono_time t) {
        now_.wall += t - now_.mono;
        now_.mono = t;
    }

    // Invariant (3): just before `t` nothing has changed since the last call.
    void untouched_until(mono_time t) {
        if (t <= now_.mono) {
            return;
        }
        user copy = real_;
        base::instant just_before = now_;
        just_before.wall += t - 1ms - now_.mono;
        just_before.mono = t - 1ms;
        const changes c = copy.settle(just_before);
        RC_ASSERT(!c.others && !c.self && !c.lasting && !c.activity);
        RC_ASSERT(same_but_activity(model_.others_at(just_before.mono), others_));
        RC_ASSERT(copy.devices_kept() == real_.devices_kept());
    }

    void restart() {
        const state before = real_.aggregate();
        const saved_state kept = real_.saved();
        RC_ASSERT(kept == model_.saved());
        real_ = user(settings_, kept);
        model_ = model(settings_, kept);
        open_.clear();
        others_ = real_.seen_by_others(now_);
        self_ = real_.seen_by_self(now_);
        saved_ = kept;
        input in;
        in.what = input::kind::restored;
        in.at = now_;
        in.before = before;
        call(in);
    }

    changes apply(const input& in) {
        switch (in.what) {
            case input::kind::restored:
                return real_.restored(in.before, in.at);
            case input::kind::open:
                return real_.stream_opened(in.device, in.stream, in.at);
            case input::kind::close:
                return real_.stream_closed(in.device, in.stream.marks, in.at);
            case input::kind::put:
                return real_.put(in.device, in.request, in.at);
            case input::kind::active:
                return real_.active(in.device, in.at);
            case input::kind::removed:
                return real_.device_removed(in.device, in.at);
            case input::kind::deactivated:
                return real_.deactivated(in.at);
            case input::kind::settle:
                return real_.settle(in.at);
        }
        return {};
    }

    void call(const input& in) {
        const changes c = apply(in);
        model_.add(in);
        const view others = model_.others_at(now_.mono);
        const view self = model_.self_at(now_.mono);
        const saved_state saved = model_.saved();
        RC_ASSERT(real_.aggregate() == model_.aggregate_at(now_.mono));
        RC_ASSERT(real_.saved() == saved);
        RC_ASSERT(real_.seen_by_others(now_) == others);
        RC_ASSERT(real_.seen_by_self(now_) == self);
        // Invariants (1), (2): exactly the changes there were, and no more.
        RC_ASSERT(c.others == !same_but_activity(others, others_));
        RC_ASSERT(c.self == !same_but_activity(self, self_));
        RC_ASSERT(c.activity == (saved.last_active != saved_.last_active));
        RC_ASSERT(c.lasting == !same_but_activity(saved, saved_));
        // Invariant (4).
        RC_ASSERT(real_.devices_kept() == model_.devices_kept_at(now_.mono));
        others_ = others;
        self_ = self;
        saved_ = saved;
    }

    settings settings_;
    base::instant now_{mono_time{1h}, base::from_unix_ms(1'700'000'000'000)};
    user real_;
    model model_;
    view others_, self_;
    saved_state saved_;
    std::vector<input> open_;
};

void agrees_with_the_model(const settings& s) {
    const auto steps = *rc::gen::container<std::vector<step>>(any_step());
    pair_of both(s);
    for (const step& one : steps) {
        both.take(one);
    }
}

TEST(user_properties, agrees_with_a_model_that_reads_the_whole_history) {
    EXPECT_TRUE(rc::check([] { agrees_with_the_model({}); }));
}

TEST(user_properties, agrees_with_the_model_without_idle_timeout) {
    EXPECT_TRUE(rc::check([] { agrees_with_the_model({.idle_timeout = 0ms}); }));
}

TEST(user_properties, agrees_with_the_model_when_the_windows_lie_the_other_way_round) {
    EXPECT_TRUE(rc::check([] {
        agrees_with_the_model({.idle_timeout = 20s, .offline_grace = 60s, .active_window = 5min});
    }));
}

}  // namespace
}  // namespace porchlight::presence::test
