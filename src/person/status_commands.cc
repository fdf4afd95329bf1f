#include <boost/json/serialize.hpp>
#include <iostream>

#include "base/limits.h"
#include "net/real_clock.h"
#include "person/account.h"
#include "person/commands.h"
#include "person/text.h"
#include "person/words.h"

namespace porchlight::person {

namespace {

using std::chrono::milliseconds;

std::string text_of(const json::value& v, std::string_view key) {
    const auto* const found = matrix::find(v, key);
    return found != nullptr && found->is_string() ? found->get_string().c_str() : "";
}

void print_status(const std::string& user, const json::value& s) {
    const auto* const ago = matrix::find(s, "last_active_ago");
    const auto* const now = matrix::find(s, "currently_active");
    const std::string activity = activity_words(
        ago != nullptr && ago->is_int64() ? std::optional(milliseconds{ago->get_int64()})
                                          : std::nullopt,
        now != nullptr && now->is_bool() && now->get_bool());
    const std::string text = cleaned(text_of(s, "status_msg"));
    std::cout << cleaned(user) << ": " << cleaned(state_words(text_of(s, "presence")))
              << (activity.empty() ? "" : ", " + activity) << (text.empty() ? "" : ": " + text)
              << '\n';
}

// What the server takes for "busy": Porchlight both, others the name from before it was specified.
std::string name_for(account& a, const std::string& state) {
    return state == "busy" && !a.has_lists() ? "org.matrix.msc3026.busy" : state;
}

json::object body_of(account& a, const status_change& change) {
    json::object body;
    if (change.state.empty()) {
        // A PUT has to say a state: the one that is, so that only the text changes.
        const std::string now = text_of(a.get(status_path(a.user_id())), "presence");
        body["presence"] = now == "hidden" && change.unhide ? "online" : now;
    } else {
        body["presence"] = name_for(a, change.state);
    }
    if (change.text) {
        body["status_msg"] = *change.text;
    }
    if (!change.expires.empty()) {
        const auto after = duration_of(change.expires);
        if (!a.has_lists()) {
            throw failed{
                a.who().homeserver +
                " knows no texts that end by themselves (--expires), only Porchlight does"};
        }
        const auto now = net::real_clock().now().wall;
        body["io.porchlight.status_expires_at"] = base::unix_ms(now + *after);
    }
    if (change.unhide) {
        body["io.porchlight.unhide"] = true;
    }
    return body;
}

void check(const status_change& c) {
    if (c.state.empty() && !c.text && !c.unhide) {
        throw failed{"say what to set: a state (online, busy, ...), --text or --unhide"};
    }
    if (c.text && c.text->size() > base::limits::status_text_bytes_max) {
        throw failed{"the text has " + std::to_string(c.text->size()) + " bytes; at most " +
                     std::to_string(base::limits::status_text_bytes_max) + " are allowed"};
    }
    if (c.text && !matrix::is_utf8(*c.text)) {
        throw failed{"the text is not UTF-8"};
    }
    if (!c.expires.empty() && !duration_of(c.expires)) {
        throw failed{"--expires \"" + c.expires +
                     "\" is no duration; it looks like 90s, 30m, 2h or 7d"};
    }
    if (!c.expires.empty() && (!c.text || c.text->empty())) {
        throw failed{"--expires is about a text: give one with --text"};
    }
    if (c.unhide && c.state == "hidden") {
        throw failed{"hidden and --unhide are each other's opposite"};
    }
}

}  // namespace

int status_get(const std::string& credentials_file, const std::vector<std::string>& users,
               bool as_json) {
    web w;
    account a(w, load_credentials(credentials_file));
    int code = 0;
    std::vector<std::string> ids;
    ids.reserve(users.size() + 1);
    for (const std::string& u : users) {
        ids.push_back(whole_user_id(u, a.user_id()));
    }
    if (ids.empty()) {
        ids.push_back(a.user_id());
    }
    for (const std::string& id : ids) {
        try {
            json::value s = a.get(status_path(id));
            if (!as_json) {
                print_status(id, s);
            } else if (auto* const object = s.if_object()) {
                (*object)["user_id"] = id;
                std::cout << json::serialize(*object) << '\n';
            }
        } catch (const refused& r) {
            if (r.status != 404 && r.status != 403) {
                throw;
            }
            std::cerr << "porchlight: " << id
                      << ": you may not see them, or there is nobody of that name\n";
            code = 1;
        }
    }
    return code;
}

int status_set(const std::string& credentials_file, const status_change& change, bool as_json) {
    check(change);
    web w;
    account a(w, load_credentials(credentials_file));
    a.put(status_path(a.user_id()), body_of(a, change));
    return status_get(credentials_file, {}, as_json);
}

}  // namespace porchlight::person
