#include "client_api/sync/room_summary.h"

#include <algorithm>

#include "client_api/sync/answer.h"

namespace porchlight::client_api {

namespace {

constexpr std::size_t heroes_max = 5;

struct candidate {
    std::uint64_t position;
    std::string user_id;
};

std::vector<std::string> first_of(std::vector<candidate> candidates) {
    const std::size_t count = std::min(heroes_max, candidates.size());
    std::ranges::partial_sort(candidates, candidates.begin() + static_cast<std::ptrdiff_t>(count),
                              {}, &candidate::position);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
        names.push_back(std::move(candidates[i].user_id));
    }
    return names;
}

}  // namespace

room_summary summarize(const state_map& state, const std::string& user_id) {
    room_summary summary;
    std::vector<candidate> present;
    std::vector<candidate> gone;
    for (const auto& [name, event] : state) {
        if (name.first != "m.room.member") {
            continue;
        }
        const ports::membership m = membership_in(event);
        const bool here = m == ports::membership::join || m == ports::membership::invite;
        summary.joined += m == ports::membership::join ? 1 : 0;
        summary.invited += m == ports::membership::invite ? 1 : 0;
        if (name.second != user_id) {
            (here ? present : gone).push_back({event.position, name.second});
        }
    }
    // Who is alone is told whose room it was.
    summary.heroes = first_of(std::move(present.empty() ? gone : present));
    return summary;
}

void append_summary(std::string& out, const room_summary& s) {
    out.append(R"({"m.heroes":[)");
    item_separator separator{out};
    for (const std::string& id : s.heroes) {
        separator.next();
        matrix::append_json_string(out, id);
    }
    out.append(R"(],"m.joined_member_count":)").append(std::to_string(s.joined));
    out.append(R"(,"m.invited_member_count":)").append(std::to_string(s.invited));
    out += '}';
}

}  // namespace porchlight::client_api
