#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <iostream>

#include "person/account.h"
#include "person/commands.h"
#include "person/text.h"
#include "person/words.h"

namespace porchlight::person {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t id_columns = 32;
constexpr std::size_t state_columns = 14;

std::string text_of(const json::value& v, std::string_view key) {
    const auto* const found = matrix::find(v, key);
    return found != nullptr && found->is_string() ? found->get_string().c_str() : "";
}

// Logged in on a server that has lists.
account account_with_lists(web& w, const std::string& file) {
    account a(w, load_credentials(file));
    if (!a.has_lists()) {
        throw failed{a.who().homeserver +
                     " has no presence lists (io.porchlight.presence_lists): it is not Porchlight, "
                     "or an old one"};
    }
    return a;
}

void print_entry(const json::value& entry) {
    const bool accepted = matrix::find(entry, "accepted") != nullptr &&
                          *matrix::find(entry, "accepted") == json::value(true);
    const auto* const content = matrix::find(entry, "content");
    const auto* const ago = matrix::find(entry, "last_active_ago");
    const auto* const now =
        content == nullptr ? nullptr : matrix::find(*content, "currently_active");
    const std::string activity = activity_words(ago != nullptr && ago->is_int64()
                                                    ? std::optional(milliseconds{ago->get_int64()})
                                                    : std::nullopt,
                                                now != nullptr && *now == json::value(true));
    const std::string state = accepted ? cleaned(state_words(text_of(entry, "presence"))) : "asked";
    std::string line = fitted(cleaned(text_of(entry, "user_id")), id_columns) + "  " +
                       fitted(state, state_columns) + "  " + fitted(activity, 20) + "  " +
                       cleaned(text_of(entry, "status_msg"));
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
}

struct verb_words {
    std::string_view verb, done;
};
constexpr std::array<verb_words, 7> verbs{{
    {"invite", "asked; once they accept, you see them"},
    {"drop", "off your list"},
    {"accept", "accepted: they see you"},
    {"deny", "denied; they aren't told"},
    {"revoke", "revoked: they see you no more"},
    {"block", "blocked: they see you offline, and can't ask"},
    {"unblock", "unblocked"},
}};

void print_group(const json::value& all, std::string_view key, std::string_view words) {
    const auto* const group = matrix::find(all, key);
    if (group == nullptr || !group->is_array()) {
        return;
    }
    for (const auto& one : group->get_array()) {
        const std::string id = one.is_string() ? one.get_string().c_str() : text_of(one, "user_id");
        std::cout << fitted(cleaned(id), id_columns) << "  " << words << '\n';
    }
}

}  // namespace

int list_show(const std::string& credentials_file, bool as_json) {
    web w;
    account a = account_with_lists(w, credentials_file);
    const json::value list = a.get(list_path(a.user_id()));
    if (!list.is_array()) {
        throw failed{"the list of " + a.who().homeserver + " is no array"};
    }
    for (const auto& entry : list.get_array()) {
        if (as_json) {
            std::cout << json::serialize(entry) << '\n';
        } else {
            print_entry(entry);
        }
    }
    if (!as_json && list.get_array().empty()) {
        std::cout << "nobody is on your list; porchlight list add @somebody:porch.test\n";
    }
    return 0;
}

int list_change(const std::string& credentials_file, const std::string& verb,
                const std::vector<std::string>& users, bool as_json) {
    web w;
    account a = account_with_lists(w, credentials_file);
    json::array ids;
    for (const std::string& u : users) {
        const std::string id = whole_user_id(u, a.user_id());
        if (id == a.user_id()) {
            throw failed{"that is yourself; you always see yourself"};
        }
        if (std::find(ids.begin(), ids.end(), json::value(id)) == ids.end()) {
            ids.emplace_back(id);
        }
    }
    const json::object body{{verb, ids}};
    a.post(verb == "invite" || verb == "drop" ? list_path(a.user_id())
                                              : consent_path("invites", a.user_id()),
           body);
    if (as_json) {
        std::cout << json::serialize(body) << '\n';
        return 0;
    }
    const auto words =
        std::find_if(verbs.begin(), verbs.end(), [&](const auto& v) { return v.verb == verb; });
    for (const auto& id : ids) {
        std::cout << cleaned(id.get_string()) << ": " << words->done << '\n';
    }
    return 0;
}

int list_invites(const std::string& credentials_file, bool as_json) {
    web w;
    account a = account_with_lists(w, credentials_file);
    const json::value all = a.get(consent_path("invites", a.user_id()));
    if (as_json) {
        std::cout << json::serialize(all) << '\n';
        return 0;
    }
    print_group(all, "incoming", "asks to see you: porchlight list accept (or deny)");
    print_group(all, "outgoing", "has not answered you");
    print_group(all, "observers", "sees you");
    print_group(all, "preapproved", "may see you as soon as they ask");
    print_group(all, "denied", "denied");
    print_group(all, "blocked", "blocked");
    return 0;
}

int list_policy(const std::string& credentials_file, const std::string& visibility,
                const std::string& auto_accept, bool as_json) {
    web w;
    account a = account_with_lists(w, credentials_file);
    json::object change;
    if (!visibility.empty()) {
        change["visibility"] = visibility;
    }
    if (!auto_accept.empty()) {
        change["auto_accept"] = auto_accept;
    }
    if (!change.empty()) {
        a.put(consent_path("policy", a.user_id()), change);
    }
    const json::value policy = a.get(consent_path("policy", a.user_id()));
    if (as_json) {
        std::cout << json::serialize(policy) << '\n';
    } else {
        std::cout << "who may see you:              " << cleaned(text_of(policy, "visibility"))
                  << "\naccepted without being asked: " << cleaned(text_of(policy, "auto_accept"))
                  << '\n';
    }
    return 0;
}

}  // namespace porchlight::person
