#include <algorithm>
#include <unordered_set>

#include "base/limits.h"
#include "base/metrics.h"
#include "client_api/profile/profile.h"
#include "homeserver/rooms.h"

namespace porchlight::client_api {

namespace limits = base::limits;

namespace {

base::metrics::counter scan_limit{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                  "limit=\"directory_scan\""};

// ASCII letters alone: other scripts are found as they are written.
std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

class search {
  public:
    search(const call& c, std::string term, std::size_t limit)
        : c_(c), term_(lower(term)), limit_(limit) {}

    // False: enough was seen.
    bool look_at(homeserver::user_key u) {
        if (u == c_.user().user || !seen_.insert(u).second) {
            return true;
        }
        if (seen_.size() > limits::directory_scan_max) {
            scan_limit.add();
            limited_ = true;
            return false;
        }
        const auto profile = c_.server.accounts.profile(u);
        if (lower(profile.user_id).find(term_) == std::string::npos &&
            lower(profile.displayname).find(term_) == std::string::npos) {
            return true;
        }
        if (results_.size() == limit_) {
            limited_ = true;
            return false;
        }
        json::object found{{"user_id", profile.user_id}};
        if (!profile.displayname.empty()) {
            found["display_name"] = profile.displayname;
        }
        if (!profile.avatar_url.empty()) {
            found["avatar_url"] = profile.avatar_url;
        }
        results_.push_back(std::move(found));
        return true;
    }
    bool look_at_members(homeserver::room_key r) {
        return std::ranges::all_of(c_.server.rooms.members(r),
                                   [this](auto u) { return look_at(u); });
    }
    json::object finish() { return {{"results", std::move(results_)}, {"limited", limited_}}; }

  private:
    const call& c_;
    const std::string term_;
    const std::size_t limit_;
    std::unordered_set<homeserver::user_key> seen_;
    json::array results_;
    bool limited_ = false;
};

}  // namespace

// Who shares a room with the caller or is in a public one.
void search_user_directory(call_ptr c) {
    auto term = matrix::required_string(c->object(), "search_term");
    const auto limit = matrix::optional_integer(c->object(), "limit");
    if (!term || !limit) {
        c->refuse(term ? limit.error() : term.error());
        return;
    }
    if (*limit && **limit < 0) {
        c->refuse(fail(errc::invalid_param, "The key \"limit\" must not be negative."));
        return;
    }
    const auto most = std::min<std::size_t>(static_cast<std::size_t>(limit->value_or(10)),
                                            limits::directory_results_max);
    search s(*c, std::move(*term), most);
    bool goes_on = true;
    for (const auto& m : c->server.rooms.rooms_of(c->user().user)) {
        if (goes_on && m.state == homeserver::membership::join) {
            goes_on = s.look_at_members(m.room);
        }
    }
    for (const auto room :
         goes_on ? c->server.rooms.public_rooms() : std::vector<homeserver::room_key>()) {
        if (!s.look_at_members(room)) {
            break;
        }
    }
    c->reply(s.finish());
}

}  // namespace porchlight::client_api
