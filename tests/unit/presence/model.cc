#include "unit/presence/model.h"

#include <algorithm>
#include <iterator>

namespace porchlight::presence::test {

using base::device_key;
using base::mono_time;

namespace {

int place(state s) {
    switch (s) {
        case state::offline:
            return 0;
        case state::unavailable:
            return 1;
        case state::online:
        case state::busy:
            return 2;
        case state::free_for_chat:
            return 3;
    }
    return -1;
}

bool may_idle(std::optional<state> s) {
    return s == state::online || s == state::free_for_chat;
}

}  // namespace

void model::add(input i) {
    history_.push_back(i);
    acted_.push_back(false);
    if (std::find(devices_.begin(), devices_.end(), i.device) == devices_.end()) {
        devices_.push_back(i.device);
    }
    const std::size_t n = history_.size();
    bool acted = i.what == kind::active;
    if (i.what == kind::put && i.request.asked && *i.request.asked != state::offline) {
        state previous = state::offline;
        if (restart_stands(n - 1, i.at.mono)) {
            previous = history_.front().before;
        }
        if (counts(i.device, n - 1, i.at.mono) || asked(i.device, n - 1) == state::offline) {
            previous = *asked(i.device, n - 1);
        }
        acted = place(*i.request.asked) >= place(previous);
    }
    if (i.what == kind::put || i.what == kind::open) {
        acted |= place(aggregate(n, i.at.mono)) > place(aggregate(n - 1, i.at.mono));
    }
    acted_.back() = acted;
}

bool model::restart_stands(std::size_t n, mono_time t) const {
    if (n == 0 || history_.front().what != kind::restored ||
        history_.front().before == state::offline ||
        t >= history_.front().at.mono + settings_.offline_grace) {
        return false;
    }
    return std::none_of(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(n),
                        [](const input& i) {
                            return i.what == kind::removed || i.what == kind::deactivated ||
                                   (i.what == kind::put && i.request.asked);
                        });
}

std::size_t model::begin_of(device_key d, std::size_t n) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < n; ++i) {
        if (history_[i].what == kind::deactivated ||
            (history_[i].what == kind::removed && history_[i].device == d)) {
            begin = i + 1;
        }
    }
    return begin;
}

bool model::suppressed_before(device_key d) const {
    return std::find(initial_.suppressed.begin(), initial_.suppressed.end(), d) !=
           initial_.suppressed.end();
}

std::size_t model::streams(device_key d, bool marking, std::size_t n) const {
    std::size_t open = 0;
    for (std::size_t i = begin_of(d, n); i < n; ++i) {
        const input& in = history_[i];
        if (in.device == d && in.stream.marks == marking) {
            if (in.what == kind::open) {
                ++open;
            } else if (in.what == kind::close && open > 0) {
                --open;
            }
        }
    }
    return open;
}

bool model::counts(device_key d, std::size_t n, mono_time t) const {
    if (streams(d, true, n) > 0) {
        return true;
    }
    // The last stream's grace.
    for (std::size_t i = begin_of(d, n); i < n; ++i) {
        if (history_[i].what == kind::close && history_[i].device == d &&
            history_[i].stream.marks && streams(d, true, i) == 1 &&
            t < history_[i].at.mono + settings_.offline_grace) {
            return true;
        }
    }
    // A PUT without a stream.
    const base::milliseconds span =
        settings_.idle_timeout.count() > 0 ? settings_.idle_timeout : std::chrono::minutes{5};
    std::optional<mono_time> until;
    for (std::size_t i = begin_of(d, n); i < n; ++i) {
        const input& in = history_[i];
        if (in.device != d) {
            continue;
        }
        const bool still = until && in.at.mono < *until;
        if (in.what == kind::put && in.request.asked) {
            until.reset();
            if (streams(d, true, i) == 0 && *in.request.asked != state::offline) {
                until = in.at.mono + span;
            }
        } else if (in.what == kind::put && still) {
            until = in.at.mono + span;
        } else if (in.what == kind::open && in.stream.marks) {
            until.reset();
        } else if (in.what == kind::open && still) {
            until = std::min(*until, in.at.mono + settings_.offline_grace);
        }
    }
    return until && t < *until;
}

std::optional<state> model::asked(device_key d, std::size_t n) const {
    std::optional<state> s;
    if (begin_of(d, n) == 0 && suppressed_before(d)) {
        s = state::offline;
    }
    for (std::size_t i = begin_of(d, n); i < n; ++i) {
        const input& in = history_[i];
        if (in.device != d) {
            continue;
        }
        if (in.what == kind::put && in.request.asked) {
            s = in.request.asked;
        } else if (in.what == kind::open && in.stream.marks) {
            const bool suppressed = s == state::offline;
            if (in.stream.asked) {
                s = in.stream.asked;
            } else if (!suppressed && !counts(d, i, in.at.mono)) {
                s = state::online;
                if (restart_stands(i, in.at.mono) && !adopted_idle(d, i)) {
                    s = history_.front().before;
                }
            }
        }
    }
    return s;
}

// Whether the plain stream that is input i continues, after a restart, in idleness.
bool model::adopted_idle(device_key d, std::size_t i) const {
    const input& in = history_[i];
    return in.device == d && in.what == kind::open && in.stream.marks && !in.stream.asked &&
           !counts(d, i, in.at.mono) && restart_stands(i, in.at.mono) &&
           history_.front().before == state::unavailable && settings_.idle_timeout.count() > 0;
}

bool model::put_unavailable(device_key d, std::size_t n) const {
    for (std::size_t i = begin_of(d, n); i < n; ++i) {
        if (history_[i].device == d && history_[i].what == kind::put &&
            history_[i].request.asked == state::unavailable) {
            return true;
        }
    }
    return false;
}

bool model::believed(device_key d, std::size_t n) const {
    bool states = false;
    for (std::size_t i = begin_of(d, n); i < n; ++i) {
        const input& in = history_[i];
        if (in.device == d && !counts(d, i, in.at.mono)) {
            states = false;  // what it polled with before it was away is long past
        }
        if (in.device == d && in.what == kind::open && in.stream.marks) {
            states = in.stream.asked.has_value();
        }
    }
    return states || put_unavailable(d, n);
}

mono_time model::fresh(device_key d, std::size_t n) const {
    mono_time last = mono_time::min();
    for (std::size_t i = begin_of(d, n); i < n; ++i) {
        const input& in = history_[i];
        if (in.device != d) {
            continue;
        }
        const bool was = counts(d, i, in.at.mono) && may_idle(asked(d, i));
        const bool is = counts(d, i + 1, in.at.mono) && may_idle(asked(d, i + 1));
        if (is && !was) {
            last = in.at.mono;
        }
        if (adopted_idle(d, i) && asked(d, i) != state::offline) {
            last = in.at.mono - settings_.idle_timeout;
        }
        if (acted_[i]) {
            last = in.at.mono;
        }
    }
    return last;
}

state model::contribution(device_key d, std::size_t n, mono_time t) const {
    if (!counts(d, n, t)) {
        return state::offline;
    }
    const state s = asked(d, n).value();
    if (may_idle(s) && !believed(d, n) && settings_.idle_timeout.count() > 0 &&
        t >= fresh(d, n) + settings_.idle_timeout) {
        return state::unavailable;
    }
    return s;
}

state model::aggregate(std::size_t n, mono_time t) const {
    state highest = restart_stands(n, t) ? history_.front().before : state::offline;
    for (const device_key d : devices_) {
        highest = std::max(highest, contribution(d, n, t));
    }
    return highest;
}

std::size_t model::devices_kept_at(mono_time t) const {
    const std::size_t n = history_.size();
    std::size_t kept = restart_stands(n, t) ? 1 : 0;
    for (const device_key d : devices_) {
        kept += counts(d, n, t) || streams(d, false, n) > 0 || put_unavailable(d, n) ? 1 : 0;
    }
    return kept;
}

bool model::active_at(mono_time t) const {
    for (std::size_t i = 0; i < history_.size(); ++i) {
        if (acted_[i] && t < history_[i].at.mono + settings_.active_window) {
            return true;
        }
    }
    if (history_.empty() || history_.front().what != kind::restored || !initial_.last_active ||
        history_.front().before == state::offline) {
        return false;
    }
    const base::milliseconds ago = history_.front().at.wall - *initial_.last_active;
    return ago.count() >= 0 && ago < settings_.active_window &&
           t < history_.front().at.mono - ago + settings_.active_window;
}

saved_state model::saved() const {
    saved_state s = initial_;
    const auto expire = [&](base::wall_time now) {
        if (s.text_expires && *s.text_expires <= now) {
            s.text.clear();
            s.text_expires.reset();
        }
    };
    for (std::size_t i = 0; i < history_.size(); ++i) {
        const input& in = history_[i];
        expire(in.at.wall);
        if (in.what == kind::put) {
            const put_request& r = in.request;
            if (s.hidden && (r.unhide || (r.asked && in.device == s.hidden_by))) {
                s.hidden = false;
                s.hidden_by = device_key{};
                s.frozen_text = "";
                s.frozen_last_active = std::nullopt;
            }
            if (r.hide && !s.hidden) {
                s.hidden = true;
                s.hidden_by = in.device;
                s.frozen_text = s.text;
                s.frozen_last_active = s.last_active;
            }
            if (r.text) {
                s.text = *r.text;
                s.text_expires = r.text->empty() ? std::nullopt : r.text_expires;
            }
        }
        if (in.what == kind::deactivated) {
            s.text = s.frozen_text = "";
            s.text_expires = std::nullopt;
        }
        if (acted_[i] && (!s.last_active || *s.last_active < in.at.wall)) {
            s.last_active = in.at.wall;
        }
        expire(in.at.wall);
    }
    std::vector<device_key> known = devices_;
    known.insert(known.end(), initial_.suppressed.begin(), initial_.suppressed.end());
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    s.suppressed.clear();
    std::copy_if(known.begin(), known.end(), std::back_inserter(s.suppressed),
                 [&](device_key d) { return asked(d, history_.size()) == state::offline; });
    return s;
}

view model::others_at(mono_time t) const {
    const saved_state s = saved();
    if (s.hidden) {
        return {state::offline, false, false, s.frozen_last_active, s.frozen_text};
    }
    const state a = aggregate_at(t);
    return {a, false, place(a) >= 2 && active_at(t), s.last_active, s.text};
}

view model::self_at(mono_time t) const {
    const saved_state s = saved();
    return s.hidden ? view{state::offline, true, false, s.last_active, s.text} : others_at(t);
}

}  // namespace porchlight::presence::test
