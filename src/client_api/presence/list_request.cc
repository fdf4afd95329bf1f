#include "client_api/presence/list_request.h"

#include <algorithm>

namespace porchlight::client_api {

outcome<void> read_id_lists(const json::object& body, std::initializer_list<id_list> lists) {
    for (const auto& member : body) {
        const std::string_view key{member.key().data(), member.key().size()};
        const auto* const known =
            std::ranges::find(lists, key, [](const id_list& l) { return l.key; });
        if (known == lists.end()) {
            std::string allowed;
            for (const id_list& l : lists) {
                allowed += (allowed.empty() ? "" : ", ") + std::string{l.key};
            }
            return fail(errc::bad_json,
                        "There is no key \"" + std::string{key} + "\" here; allowed: " + allowed);
        }
        const auto wrong = fail(
            errc::bad_json, "The key \"" + std::string{key} + "\" must be an array of user ids.");
        if (!member.value().is_array()) {
            return wrong;
        }
        for (const auto& id : member.value().get_array()) {
            if (!id.is_string()) {
                return wrong;
            }
            known->ids.emplace_back(id.get_string().data(), id.get_string().size());
        }
    }
    return {};
}

std::optional<failure> not_oneself(const call& c) {
    if (c.server.accounts.user_id(c.user().user) == c.params[0]) {
        return std::nullopt;
    }
    return fail(errc::forbidden, "Presence lists, invites and policies are for their user alone.");
}

}  // namespace porchlight::client_api
