#include "admin/sentence.h"

#include <chrono>

#include "client_api/sync/presence_json.h"

namespace porchlight::admin {

namespace {

using engine::explanation;
using presence::state;

std::string plural(std::size_t n, std::string_view one, std::string_view many) {
    return std::to_string(n) + ' ' + std::string{n == 1 ? one : many};
}

// "in 4 min 30 s", "2 h ago"
std::string distance(base::milliseconds d) {
    const auto s = std::chrono::duration_cast<std::chrono::seconds>(d).count();
    if (s < 60) {
        return std::to_string(s) + " s";
    }
    if (s < 3600) {
        return std::to_string(s / 60) + " min" +
               (s % 60 != 0 ? ' ' + std::to_string(s % 60) + " s" : "");
    }
    if (s < 48 * 3600) {
        return std::to_string(s / 3600) + " h" +
               (s / 60 % 60 != 0 ? ' ' + std::to_string(s / 60 % 60) + " min" : "");
    }
    return std::to_string(s / 86'400) + " days";
}

std::string until(base::wall_time t, base::wall_time now) {
    return "for another " + distance(std::max(t - now, base::milliseconds{0}));
}

std::string name(state s) {
    return std::string{client_api::presence_name(s, false)};
}

std::string device_clause(const explanation::device& d, const std::string& id,
                          base::wall_time now) {
    std::string out = id.empty() ? "a device of before the restart" : "device " + id;
    if (d.counts_as == state::offline) {
        out += d.asked == state::offline ? " asked to be offline" : " does not count any more";
        return d.silent_streams != 0 ? out + " (its stream says set_presence=offline)" : out;
    }
    out += " counts as " + name(d.counts_as);
    if (d.streams != 0) {
        out += ", having " +
               std::string{d.streams == 1 ? "a stream" : std::to_string(d.streams) + " streams"} +
               " open";
    } else if (d.put_until && (!d.grace_until || *d.put_until > *d.grace_until)) {
        out += " without a stream, by its PUT, " + until(*d.put_until, now);
    } else if (d.grace_until) {
        out += " though its stream ended, " + until(*d.grace_until, now);
    }
    if (d.counts_as == state::unavailable && d.asked != state::unavailable && d.idle_at) {
        out += "; without activity since it idled " + distance(now - *d.idle_at) + " ago";
    } else if (d.idle_at && *d.idle_at > now) {
        out += "; unavailable in " + distance(*d.idle_at - now) + " unless there is activity";
    } else if (d.believed && d.counts_as != state::busy) {
        out += "; when it is idle it says itself";
    }
    return out;
}

std::string state_clause(const explanation& x, const sentence_facts& f) {
    std::string out{f.user_id};
    if (!x.enabled) {
        return out + " is offline to everybody, since presence is switched off.";
    }
    if (x.deactivated) {
        return out + " is deactivated, and offline for good.";
    }
    out += x.hidden ? " is hidden: offline to others, " + name(x.aggregate) + " in truth"
                    : " is " + name(x.aggregate);
    if (x.remote) {
        return out + ", as their own server says.";
    }
    if (x.devices.empty()) {
        return out + ": no device is there.";
    }
    for (std::size_t i = 0; i < x.devices.size(); ++i) {
        out += (i == 0 ? ": " : "; ") + device_clause(x.devices[i], f.device_ids[i], f.now);
    }
    return out + '.';
}

std::string activity_clause(const explanation& x, const sentence_facts& f) {
    if (!x.last_active) {
        return " Never active.";
    }
    std::string out = x.currently_active
                          ? " Currently active"
                          : " Last active " + distance(f.now - *x.last_active) + " ago";
    if (x.text_bytes != 0) {
        out += ", with a status text of " + plural(x.text_bytes, "byte", "bytes");
        if (x.text_expires) {
            out += " that stays " + until(*x.text_expires, f.now);
        }
    }
    return out + '.';
}

std::string audience_clause(const explanation& x, const sentence_facts& f) {
    const auto& a = x.seen_by;
    const std::size_t total = a.total + f.observers_elsewhere;
    if (x.visibility == presence::user_visibility::nobody) {
        return " Seen by nobody, as the user chose.";
    }
    if (total == 0) {
        return x.visibility == presence::user_visibility::lists_only
                   ? " Seen by nobody: only presence lists count, as the user chose."
                   : " Seen by nobody: no shared room counts, and nobody was accepted on a list.";
    }
    std::string out =
        std::string{" Seen by "} + (a.at_least ? "at least " : "") + std::to_string(total) + ": ";
    out +=
        x.visibility == presence::user_visibility::lists_only
            ? "none through rooms, as the user chose"
            : std::to_string(a.by_rooms) + " through " + plural(x.rooms_counting, "room", "rooms");
    out += ", " + std::to_string(a.by_lists) + " through lists";
    if (f.observers_elsewhere != 0) {
        out += ", " + std::to_string(f.observers_elsewhere) + " on other servers";
    }
    if (a.blocked != 0) {
        out += "; " + plural(a.blocked, "of them is", "of them are") + " blocked and see" +
               (a.blocked == 1 ? "s" : "") + " what was shown then";
    }
    return out + '.';
}

}  // namespace

std::string sentence(const explanation& x, const sentence_facts& f) {
    return state_clause(x, f) + activity_clause(x, f) + audience_clause(x, f);
}

}  // namespace porchlight::admin
