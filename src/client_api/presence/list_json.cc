#include "client_api/presence/list_json.h"

#include <algorithm>
#include <array>

namespace porchlight::client_api {

namespace {

// In the order of the enums' values.
constexpr std::array<std::string_view, 3> visibilities{"everyone", "lists_only", "nobody"};
constexpr std::array<std::string_view, 4> auto_accepts{"never", "contacts", "same_server",
                                                       "everyone"};

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const std::array<std::string_view, N>& words, std::string_view word) {
    const auto at = std::ranges::find(words, word);
    return at == words.end() ? std::nullopt : std::optional{static_cast<Enum>(at - words.begin())};
}

json::array dated_json(const homeserver::accounts& a,
                       const std::vector<homeserver::lists::dated>& rows, std::string_view when) {
    json::array all;
    for (const auto& r : rows) {
        all.push_back(json::object{{"user_id", a.user_id(r.user)}, {when, base::unix_ms(r.since)}});
    }
    return all;
}

json::array ids_json(const homeserver::accounts& a, const std::vector<base::user_key>& users) {
    json::array all;
    for (const base::user_key u : users) {
        all.push_back(json::value(a.user_id(u)));
    }
    return all;
}

}  // namespace

json::object overview_json(const homeserver::accounts& a, const homeserver::lists::overview& o) {
    return {{"incoming", dated_json(a, o.incoming, "invited_ts")},
            {"outgoing", dated_json(a, o.outgoing, "invited_ts")},
            {"observers", dated_json(a, o.observers, "accepted_ts")},
            {"preapproved", ids_json(a, o.preapproved)},
            {"denied", ids_json(a, o.denied)},
            {"blocked", ids_json(a, o.blocked)}};
}

json::object policy_json(const homeserver::lists::policy& p) {
    return {{"visibility", visibilities.at(static_cast<std::size_t>(p.visibility))},
            {"auto_accept", auto_accepts.at(static_cast<std::size_t>(p.auto_accept))}};
}

std::optional<presence::user_visibility> visibility_of(std::string_view word) {
    return value_of<presence::user_visibility>(visibilities, word);
}

std::optional<presence::auto_accept> auto_accept_of(std::string_view word) {
    return value_of<presence::auto_accept>(auto_accepts, word);
}

}  // namespace porchlight::client_api
