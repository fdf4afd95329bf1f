#include "person/watch/people.h"

#include <algorithm>
#include <utility>

#include "matrix/identifier.h"
#include "matrix/json.h"
#include "person/limits.h"
#include "person/text.h"
#include "person/words.h"

namespace porchlight::person {

namespace {

namespace json = boost::json;

std::string text_at(const json::value& v, std::string_view key) {
    const auto* const found = matrix::find(v, key);
    return found != nullptr && found->is_string() ? found->get_string().c_str() : "";
}

std::optional<person_shown> read(const json::value& event, base::mono_time now) {
    const auto* const content = matrix::find(event, "content");
    if (content == nullptr || !content->is_object()) {
        return std::nullopt;
    }
    person_shown p;
    // Servers of today name the user only beside the content.
    p.user_id = text_at(*content, "user_id");
    if (p.user_id.empty()) {
        p.user_id = text_at(event, "sender");
    }
    p.presence = text_at(*content, "presence");
    if (p.presence.empty() || !matrix::parse_user_id(p.user_id)) {
        return std::nullopt;
    }
    p.text = text_at(*content, "status_msg");
    p.name = text_at(*content, "displayname");
    if (const auto* ago = matrix::find(*content, "last_active_ago");
        ago != nullptr && ago->is_int64() && ago->get_int64() >= 0) {
        // Somebody's clock may be anywhere; a hundred years are as good as more.
        constexpr std::int64_t longest = 100LL * 366 * 86'400'000;
        p.last_active = now - base::milliseconds{std::min(ago->get_int64(), longest)};
    }
    const auto* const active = matrix::find(*content, "currently_active");
    p.currently_active = active != nullptr && *active == json::value(true);
    return p;
}

}  // namespace

std::optional<base::milliseconds> person_shown::ago(base::mono_time now) const {
    return last_active ? std::optional(std::max(now - *last_active, base::milliseconds{0}))
                       : std::nullopt;
}

people::effect people::apply(const json::value& event, base::mono_time now,
                             const person_shown*& who) {
    auto p = read(event, now);
    if (!p) {
        return effect::none;
    }
    const auto at = all_.find(p->user_id);
    if (at == all_.end()) {
        if (all_.size() >= limits::people_max) {
            return effect::none;
        }
        who = &all_.emplace(p->user_id, *p).first->second;
        return effect::visible;
    }
    const person_shown before = std::exchange(at->second, std::move(*p));
    const person_shown& after = at->second;
    who = &after;
    if (before.presence != after.presence || before.text != after.text ||
        before.name != after.name) {
        return effect::visible;
    }
    return before.currently_active != after.currently_active ? effect::activity : effect::none;
}

const person_shown* people::find(const std::string& user_id) const {
    const auto at = all_.find(user_id);
    return at == all_.end() ? nullptr : &at->second;
}

std::vector<const person_shown*> people::sorted() const {
    struct keyed {
        light l;
        std::string name;
        const person_shown* who;
    };
    std::vector<keyed> keys;
    keys.reserve(all_.size());
    for (const auto& [id, p] : all_) {
        keys.push_back({light_of(p.presence), name_of(p), &p});
    }
    std::stable_sort(keys.begin(), keys.end(), [](const keyed& a, const keyed& b) {
        return a.l != b.l ? a.l < b.l : a.name < b.name;
    });
    std::vector<const person_shown*> out;
    out.reserve(keys.size());
    for (const keyed& k : keys) {
        out.push_back(k.who);
    }
    return out;
}

std::string name_of(const person_shown& p) {
    std::string name = cleaned(p.name);
    if (name.find_first_not_of(' ') != std::string::npos) {
        return name;
    }
    const auto id = matrix::parse_user_id(p.user_id);
    return cleaned(id ? id->localpart : std::string_view(p.user_id));
}

}  // namespace porchlight::person
