#include "client_api/sync/filter.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/limits.h"

namespace porchlight::client_api {

namespace json = boost::json;
using matrix::errc;
using matrix::fail;
using matrix::outcome;

namespace {

// Presence events of a filter; asked by the engine for each subject it may show.
class presence_subjects final : public engine::subject_filter {
  public:
    presence_subjects(event_filter f, user_name names)
        : filter_(std::move(f)), names_(std::move(names)) {}
    bool accepts(base::user_key subject) const override {
        return limit() > 0 && filter_.passes("m.presence", names_(subject));
    }
    std::size_t limit() const override {
        return std::min(filter_.limit.value_or(base::limits::presence_per_response_max),
                        base::limits::presence_per_response_max);
    }

  private:
    event_filter filter_;
    user_name names_;
};

// Reads members of one object of the filter; the first mistake sticks.
class member_reader {
  public:
    member_reader(const json::object& o, std::string_view where) : object_(o), where_(where) {}

    void strings(std::string_view key, std::optional<std::vector<std::string>>& out) {
        const json::value* v = object_.if_contains(key);
        if (v == nullptr || v->is_null()) {
            return;
        }
        const json::array* list = v->if_array();
        if (list == nullptr) {
            mistake(key, "a list of strings");
            return;
        }
        out.emplace();
        for (const json::value& item : *list) {
            const json::string* s = item.if_string();
            if (s == nullptr) {
                mistake(key, "a list of strings");
                return;
            }
            out->emplace_back(s->data(), s->size());
        }
    }
    void strings(std::string_view key, std::vector<std::string>& out) {
        std::optional<std::vector<std::string>> list;
        strings(key, list);
        out = std::move(list).value_or(std::vector<std::string>{});
    }
    void names(std::string_view key, name_filter& out) {
        strings(key, out.only);
        strings("not_" + std::string{key}, out.without);
    }
    void number(std::string_view key, std::optional<std::size_t>& out) {
        const json::value* v = object_.if_contains(key);
        if (v == nullptr || v->is_null()) {
            return;
        }
        if (v->is_int64() && v->get_int64() >= 0) {
            out = static_cast<std::size_t>(v->get_int64());
        } else if (v->is_uint64()) {
            out = static_cast<std::size_t>(v->get_uint64());
        } else {
            mistake(key, "a whole number from 0 on");
        }
    }
    std::optional<bool> boolean(std::string_view key) {
        const json::value* v = object_.if_contains(key);
        if (v == nullptr || v->is_null()) {
            return std::nullopt;
        }
        if (!v->is_bool()) {
            mistake(key, "true or false");
            return std::nullopt;
        }
        return v->get_bool();
    }
    std::optional<std::string_view> string(std::string_view key) {
        const json::value* v = object_.if_contains(key);
        if (v == nullptr || v->is_null()) {
            return std::nullopt;
        }
        const json::string* s = v->if_string();
        if (s == nullptr) {
            mistake(key, "a string");
            return std::nullopt;
        }
        return std::string_view{s->data(), s->size()};
    }
    // The nested object, or null.
    const json::object* object(std::string_view key) {
        const json::value* v = object_.if_contains(key);
        if (v == nullptr || v->is_null()) {
            return nullptr;
        }
        if (!v->is_object()) {
            mistake(key, "an object");
            return nullptr;
        }
        return &v->get_object();
    }
    void mistake(std::string_view key, std::string_view allowed) {
        if (mistake_.empty()) {
            mistake_ = "filter: ";
            mistake_.append(where_).append(key).append(" must be ").append(allowed);
        }
    }
    const std::string& mistake() const { return mistake_; }

  private:
    const json::object& object_;
    std::string_view where_;
    std::string mistake_;
};

void read_events(member_reader& parent, std::string_view key, std::string_view where,
                 event_filter& out, std::string& mistake) {
    const json::object* o = parent.object(key);
    if (o == nullptr) {
        return;
    }
    member_reader r{*o, where};
    r.names("types", out.types);
    r.names("senders", out.senders);
    r.names("rooms", out.rooms);
    r.number("limit", out.limit);
    out.contains_url = r.boolean("contains_url");
    out.lazy_load_members = r.boolean("lazy_load_members").value_or(false);
    if (mistake.empty()) {
        mistake = r.mistake();
    }
}

// "content.body" -> {"content", "body"}; "\." is a dot within a name.
std::vector<std::string> split_path(std::string_view text) {
    std::vector<std::string> path{std::string{}};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '.' || text[i + 1] == '\\')) {
            path.back() += text[++i];
        } else if (text[i] == '.') {
            path.emplace_back();
        } else {
            path.back() += text[i];
        }
    }
    return path;
}

void read_room(const json::object& room, sync_filter& f, std::string& mistake) {
    member_reader r{room, "room."};
    r.names("rooms", f.rooms);
    f.include_leave = r.boolean("include_leave").value_or(false);
    read_events(r, "timeline", "room.timeline.", f.timeline, mistake);
    read_events(r, "state", "room.state.", f.state, mistake);
    read_events(r, "ephemeral", "room.ephemeral.", f.ephemeral, mistake);
    read_events(r, "account_data", "room.account_data.", f.room_account_data, mistake);
    if (mistake.empty()) {
        mistake = r.mistake();
    }
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

bool name_filter::passes(std::string_view name) const {
    const auto hit = [name](const std::string& pattern) { return matches(pattern, name); };
    return (!only || std::ranges::any_of(*only, hit)) && std::ranges::none_of(without, hit);
}

bool event_filter::passes(std::string_view type, std::string_view sender) const {
    return types.passes(type) && senders.passes(sender);
}

bool event_filter::passes_everything() const {
    return types.passes_all() && senders.passes_all() && rooms.passes_all() && !contains_url;
}

outcome<filter_ptr> compile_filter(std::string_view text, const user_name& names) {
    if (text.size() > base::limits::filter_bytes_max) {
        return fail(errc::invalid_param,
                    "filter: at most " + std::to_string(base::limits::filter_bytes_max) +
                        " bytes are allowed, these are " + std::to_string(text.size()));
    }
    const auto parsed = matrix::parse_json(text);
    if (!parsed) {
        return fail(errc::invalid_param, "filter: " + parsed.error().message);
    }
    if (!parsed->is_object()) {
        return fail(errc::invalid_param, "filter: must be the id of a filter or a JSON object");
    }
    auto f = std::make_shared<sync_filter>();
    std::string mistake;
    member_reader top{parsed->get_object(), ""};
    read_events(top, "presence", "presence.", f->presence, mistake);
    read_events(top, "account_data", "account_data.", f->account_data, mistake);
    if (const json::object* room = top.object("room")) {
        read_room(*room, *f, mistake);
    }
    if (const auto format = top.string("event_format")) {
        f->federation_format = *format == "federation";
        if (!f->federation_format && *format != "client") {
            top.mistake("event_format", "\"client\" or \"federation\"");
        }
    }
    std::vector<std::string> fields;
    top.strings("event_fields", fields);
    std::ranges::transform(fields, std::back_inserter(f->event_fields), split_path);
    if (mistake.empty()) {
        mistake = top.mistake();
    }
    if (!mistake.empty()) {
        return fail(errc::invalid_param, std::move(mistake));
    }
    if (!f->presence.types.passes_all() || !f->presence.senders.passes_all() || f->presence.limit) {
        f->subjects = std::make_shared<presence_subjects>(f->presence, names);
    }
    return filter_ptr{std::move(f)};
}

namespace {

void copy_path(const json::object& from, json::object& to, const std::vector<std::string>& path,
               std::size_t at) {
    const json::value* v = from.if_contains(path[at]);
    if (v == nullptr) {
        return;
    }
    if (at + 1 == path.size()) {
        to.insert_or_assign(path[at], *v);
        return;
    }
    if (!v->is_object()) {
        return;
    }
    json::value& inner = to[path[at]];
    if (!inner.is_object()) {
        inner.emplace_object();
    }
    copy_path(v->get_object(), inner.get_object(), path, at + 1);
    if (inner.get_object().empty()) {
        to.erase(path[at]);
    }
}

}  // namespace

json::object select_fields(json::object event, const std::vector<std::vector<std::string>>& paths) {
    if (paths.empty()) {
        return event;
    }
    json::object kept;
    for (const auto& path : paths) {
        copy_path(event, kept, path, 0);
    }
    return kept;
}

}  // namespace porchlight::client_api
