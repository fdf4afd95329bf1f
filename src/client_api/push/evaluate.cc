#include "client_api/push/evaluate.h"

#include <algorithm>
#include <charconv>

namespace porchlight::client_api {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_letter(char a, char b) {
    return lower(a) == lower(b);
}

bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Is `word` in `text`, in any case, with no letter, digit or '_' right before or after it?
bool has_word(std::string_view text, std::string_view word) {
    if (word.empty()) {
        return false;
    }
    auto from = text.begin();
    while (true) {
        const auto at = std::search(from, text.end(), word.begin(), word.end(), same_letter);
        if (at == text.end()) {
            return false;
        }
        const auto end = at + static_cast<std::ptrdiff_t>(word.size());
        const bool begins = at == text.begin() || !in_word(*(at - 1));
        const bool ends = end == text.end() || !in_word(*end);
        if (begins && ends) {
            return true;
        }
        from = at + 1;
    }
}

// '*' stands for any run of characters, '?' for one; in any case. Cost: text times pattern at most.
bool matches_glob(std::string_view text, std::string_view pattern) {
    std::size_t t = 0, p = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || same_letter(pattern[p], text[t]))) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string_view text_of(const json::object& o, std::string_view key) {
    const auto* found = o.if_contains(key);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string())
                                                  : std::string_view();
}

// The value under a dotted key, in which "\." is a dot of a name. Null: nothing there.
const json::value* at_key(const json::object& event, std::string_view key) {
    const json::object* in = &event;
    std::string name;
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (key[i] == '\\' && i + 1 < key.size()) {
            name += key[++i];
        } else if (key[i] != '.') {
            name += key[i];
        } else {
            const auto* next = in->if_contains(name);
            if (next == nullptr || !next->is_object()) {
                return nullptr;
            }
            in = &next->get_object();
            name.clear();
        }
    }
    return in->if_contains(name);
}

bool matches_pattern(const json::object& event, std::string_view key, std::string_view pattern) {
    const auto* value = at_key(event, key);
    if (value == nullptr || !value->is_string()) {
        return false;
    }
    return key == "content.body" ? has_word(value->get_string(), pattern)
                                 : matches_glob(value->get_string(), pattern);
}

bool counts_as(std::string_view is, std::size_t members) {
    std::string_view comparison = is.substr(0, is.find_first_of("0123456789"));
    const std::string_view digits = is.substr(comparison.size());
    std::size_t wanted = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), wanted);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        return false;
    }
    return comparison.empty() || comparison == "==" ? members == wanted
           : comparison == "<"                      ? members < wanted
           : comparison == ">"                      ? members > wanted
           : comparison == "<="                     ? members <= wanted
           : comparison == ">="                     ? members >= wanted
                                                    : false;
}

bool holds(const json::object& condition, const json::object& event, const push_context& context) {
    const auto kind = text_of(condition, "kind");
    const auto key = text_of(condition, "key");
    if (kind == "event_match") {
        return matches_pattern(event, key, text_of(condition, "pattern"));
    }
    if (kind == "event_property_is" || kind == "event_property_contains") {
        const auto* value = at_key(event, key);
        const auto* wanted = condition.if_contains("value");
        if (value == nullptr || wanted == nullptr) {
            return false;
        }
        if (kind == "event_property_is") {
            return *value == *wanted;
        }
        return value->is_array() &&
               std::ranges::find(value->get_array(), *wanted) != value->get_array().end();
    }
    if (kind == "contains_display_name") {
        const auto* body = at_key(event, "content.body");
        return body != nullptr && body->is_string() &&
               has_word(body->get_string(), context.displayname());
    }
    if (kind == "room_member_count") {
        return counts_as(text_of(condition, "is"), context.member_count());
    }
    if (kind == "sender_notification_permission") {
        return context.may_notify(text_of(event, "sender"), key);
    }
    return false;  // a condition nobody knows is not met
}

// Before mentions were told apart from the text, names in it had to do; an event that says whom it
// mentions is no longer searched for them.
bool is_superseded(std::string_view rule_id, const json::object& event) {
    if (rule_id != ".m.rule.contains_display_name" && rule_id != ".m.rule.contains_user_name" &&
        rule_id != ".m.rule.roomnotif") {
        return false;
    }
    return at_key(event, "content.m\\.mentions") != nullptr;
}

bool applies(std::string_view kind, const json::object& rule, const json::object& event,
             const push_context& context) {
    const auto* enabled = rule.if_contains("enabled");
    const auto rule_id = text_of(rule, "rule_id");
    if (enabled == nullptr || *enabled != true || is_superseded(rule_id, event)) {
        return false;
    }
    if (kind == "content") {
        return matches_pattern(event, "content.body", text_of(rule, "pattern"));
    }
    if (kind == "room" || kind == "sender") {
        return text_of(event, kind == "room" ? "room_id" : "sender") == rule_id;
    }
    const auto* conditions = rule.if_contains("conditions");
    return conditions == nullptr || !conditions->is_array() ||
           std::ranges::all_of(conditions->get_array(), [&](const json::value& c) {
               return c.is_object() && holds(c.get_object(), event, context);
           });
}

push_outcome outcome_of(const json::object& rule) {
    push_outcome made;
    const auto* actions = rule.if_contains("actions");
    if (actions == nullptr || !actions->is_array()) {
        return made;
    }
    for (const json::value& action : actions->get_array()) {
        if (action == "notify") {
            made.notifies = true;
        } else if (action.is_object() && text_of(action.get_object(), "set_tweak") == "highlight") {
            const auto* value = action.get_object().if_contains("value");
            made.highlights = value == nullptr || *value != false;
        }
    }
    return made;
}

}  // namespace

push_outcome evaluate_push(const json::object& rules, const json::object& event,
                           const push_context& context) {
    for (std::string_view kind : {"override", "content", "room", "sender", "underride"}) {
        const auto* of_kind = rules.if_contains(kind);
        if (of_kind == nullptr || !of_kind->is_array()) {
            continue;
        }
        for (const json::value& rule : of_kind->get_array()) {
            if (rule.is_object() && applies(kind, rule.get_object(), event, context)) {
                return outcome_of(rule.get_object());
            }
        }
    }
    return {};
}

}  // namespace porchlight::client_api
