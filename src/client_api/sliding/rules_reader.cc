#include "client_api/sliding/rules_reader.h"

#include <sodium.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "client_api/sliding/metrics.h"

namespace porchlight::client_api::sliding {

namespace limits = base::limits;

namespace {

failure wrong(std::string_view where, std::string_view allowed) {
    return fail(errc::bad_json, std::string{where} + " must be " + std::string{allowed});
}

failure too_many(std::string_view where, std::size_t most, std::string_view what) {
    request_limit_reached.add();
    return fail(errc::invalid_param, std::string{where} + ": at most " + std::to_string(most) +
                                         " " + std::string{what} + " are allowed");
}

// Null: absent.
const json::value* member(const json::object& o, std::string_view key) {
    const json::value* v = o.if_contains(key);
    return v == nullptr || v->is_null() ? nullptr : v;
}

std::optional<std::size_t> whole(const json::value& v) {
    if (v.is_int64() && v.get_int64() >= 0) {
        return static_cast<std::size_t>(v.get_int64());
    }
    return v.is_uint64() ? std::optional{static_cast<std::size_t>(v.get_uint64())} : std::nullopt;
}

// Reads lists and subscriptions; keeps count of what is limited over all of them.
class reader {
  public:
    explicit reader(const std::string& user_id) : user_id_(user_id) {}

    outcome<room_list> list(std::string name, const json::value& v);
    outcome<config_ptr> config(const json::value& v, const std::string& where);

  private:
    outcome<required_state> state(const json::value& v, const std::string& where);
    outcome<void> pairs(const json::array& list, const std::string& where, required_state& s);
    outcome<void> patterns(const json::object& o, std::string_view key, const std::string& where,
                           std::vector<state_pattern>& out);
    outcome<void> count(const std::string& where);
    std::string key_of(std::string_view text) const {
        return text == "$ME" ? user_id_ : std::string{text};
    }

    const std::string& user_id_;
    std::size_t entries_ = 0;  // of required_state
};

outcome<void> reader::count(const std::string& where) {
    if (++entries_ > limits::sliding_required_state_max) {
        return too_many(where, limits::sliding_required_state_max,
                        "entries of required_state in one request");
    }
    return {};
}

// [["type", "state key"], ...] with "*", "$ME" and "$LAZY".
outcome<void> reader::pairs(const json::array& list, const std::string& where, required_state& s) {
    for (const json::value& item : list) {
        const json::array* pair = item.if_array();
        if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
            !(*pair)[1].is_string()) {
            return wrong(where, "a list of pairs of strings: [type, state_key]");
        }
        if (const auto fits = count(where); !fits) {
            return fits.error();
        }
        const std::string_view type = (*pair)[0].get_string();
        const std::string_view key = (*pair)[1].get_string();
        if (type == "m.room.member" && key == "$LAZY") {
            s.lazy_members = true;
            continue;
        }
        state_pattern p;
        if (type != "*") {
            p.type = type;
        }
        if (key != "*") {
            p.key = key_of(key);
        }
        s.include.push_back(std::move(p));
    }
    return {};
}

// {"include": [{"type"?, "state_key"?}, ...]}
outcome<void> reader::patterns(const json::object& o, std::string_view key,
                               const std::string& where, std::vector<state_pattern>& out) {
    const json::value* v = member(o, key);
    if (v == nullptr) {
        return {};
    }
    const std::string place = where + "." + std::string{key};
    if (!v->is_array()) {
        return wrong(place, "a list of objects");
    }
    for (const json::value& item : v->get_array()) {
        if (!item.is_object()) {
            return wrong(place, "a list of objects");
        }
        if (const auto fits = count(where); !fits) {
            return fits.error();
        }
        auto type = matrix::optional_string(item.get_object(), "type");
        auto state_key = matrix::optional_string(item.get_object(), "state_key");
        if (!type || !state_key) {
            return wrong(place, "a list of objects whose type and state_key are strings");
        }
        state_pattern p{std::move(*type), std::nullopt};
        if (*state_key) {
            p.key = key_of(**state_key);
        }
        out.push_back(std::move(p));
    }
    return {};
}

outcome<required_state> reader::state(const json::value& v, const std::string& where) {
    required_state s;
    if (const json::array* list = v.if_array()) {
        if (const auto read = pairs(*list, where, s); !read) {
            return read.error();
        }
        return s;
    }
    if (!v.is_object()) {
        return wrong(where, "a list of pairs, or an object with include, exclude and lazy_members");
    }
    const json::object& o = v.get_object();
    if (const auto read = patterns(o, "include", where, s.include); !read) {
        return read.error();
    }
    if (const auto read = patterns(o, "exclude", where, s.exclude); !read) {
        return read.error();
    }
    const auto lazy = matrix::optional_bool(o, "lazy_members");
    if (!lazy) {
        return lazy.error();
    }
    s.lazy_members = lazy->value_or(false);
    return s;
}

outcome<config_ptr> reader::config(const json::value& v, const std::string& where) {
    if (!v.is_object()) {
        return wrong(where, "an object");
    }
    const json::object& o = v.get_object();
    auto made = std::make_shared<room_config>();
    if (const json::value* limit = member(o, "timeline_limit")) {
        const auto asked = whole(*limit);
        if (!asked) {
            return wrong(where + ".timeline_limit", "a whole number from 0 on");
        }
        made->timeline_limit = std::min(*asked, limits::sliding_timeline_max);
        if (*asked > limits::sliding_timeline_max) {
            timeline_limit_reached.add();
        }
    }
    if (const json::value* required = member(o, "required_state")) {
        auto read = state(*required, where + ".required_state");
        if (!read) {
            return read.error();
        }
        made->state.push_back(std::move(*read));
    }
    return config_ptr{std::move(made)};
}

outcome<std::pair<std::size_t, std::size_t>> read_range(const json::value& v,
                                                        const std::string& where) {
    const json::array* pair = v.if_array();
    if (pair != nullptr && pair->size() == 2) {
        const auto from = whole((*pair)[0]), to = whole((*pair)[1]);
        if (from && to && *from <= *to) {
            return std::pair{*from, *to};
        }
    }
    return fail(errc::invalid_param,
                where + " must be [first, last], whole numbers from 0 on, the first not above");
}

outcome<void> read_ranges(const json::object& o, const std::string& where, room_list& l) {
    if (const json::value* one = member(o, "range")) {
        const auto read = read_range(*one, where + ".range");
        if (!read) {
            return read.error();
        }
        l.ranges.emplace({*read});
        return {};
    }
    const json::value* v = member(o, "ranges");
    if (v == nullptr) {
        return {};
    }
    if (!v->is_array()) {
        return wrong(where + ".ranges", "a list of pairs of whole numbers");
    }
    if (v->get_array().size() > limits::sliding_ranges_max) {
        return too_many(where + ".ranges", limits::sliding_ranges_max, "ranges");
    }
    l.ranges.emplace();
    for (const json::value& item : v->get_array()) {
        const auto read = read_range(item, where + ".ranges");
        if (!read) {
            return read.error();
        }
        l.ranges->push_back(*read);
    }
    return {};
}

// null stands for rooms without a type where `null_allowed`.
outcome<std::optional<std::vector<std::string>>> names(const json::object& o, std::string_view key,
                                                       const std::string& where,
                                                       bool null_allowed = false) {
    const json::value* v = member(o, key);
    if (v == nullptr) {
        return std::optional<std::vector<std::string>>{};
    }
    const std::string place = where + "." + std::string{key};
    if (!v->is_array()) {
        return wrong(place, "a list of strings");
    }
    if (v->get_array().size() > limits::sliding_filter_names_max) {
        return too_many(place, limits::sliding_filter_names_max, "names");
    }
    std::vector<std::string> found;
    for (const json::value& item : v->get_array()) {
        if (item.is_string()) {
            found.emplace_back(item.get_string());
        } else if (item.is_null() && null_allowed) {
            found.emplace_back();
        } else {
            return wrong(place, "a list of strings");
        }
    }
    return std::optional{std::move(found)};
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

outcome<void> read_filter(const json::object& o, const std::string& where, list_filter& f) {
    const std::pair<std::string_view, std::optional<bool>*> flags[] = {
        {"is_dm", &f.is_dm},
        {"is_encrypted", &f.is_encrypted},
        {"is_invite", &f.is_invite},
        {"is_invited", &f.is_invite}};
    for (const auto& [key, target] : flags) {
        const json::value* v = member(o, key);
        if (v != nullptr && !v->is_bool()) {
            return wrong(where + "." + std::string{key}, "true or false");
        }
        if (v != nullptr) {
            *target = v->get_bool();
        }
    }
    auto types = names(o, "room_types", where, true);
    auto not_types = names(o, "not_room_types", where, true);
    auto tags = names(o, "tags", where);
    auto not_tags = names(o, "not_tags", where);
    auto spaces = names(o, "spaces", where);
    for (const auto* read : {&types, &not_types, &tags, &not_tags, &spaces}) {
        if (!*read) {
            return read->error();
        }
    }
    f.room_types = std::move(*types);
    f.not_room_types = std::move(*not_types).value_or(std::vector<std::string>{});
    f.tags = std::move(*tags);
    f.not_tags = std::move(*not_tags).value_or(std::vector<std::string>{});
    f.spaces = std::move(*spaces);
    auto like = matrix::optional_string(o, "room_name_like");
    if (!like) {
        return like.error();
    }
    f.name_like = lower(std::move(*like).value_or(""));
    return {};
}

outcome<room_list> reader::list(std::string name, const json::value& v) {
    const std::string where = "lists." + name;
    room_list l;
    auto read = config(v, where);
    if (!read) {
        return read.error();
    }
    l.config = std::move(*read);
    l.name = std::move(name);
    const json::object& o = v.get_object();
    if (const auto ranges = read_ranges(o, where, l); !ranges) {
        return ranges.error();
    }
    if (const json::value* filters = member(o, "filters")) {
        if (!filters->is_object()) {
            return wrong(where + ".filters", "an object");
        }
        if (const auto f = read_filter(filters->get_object(), where + ".filters", l.filter); !f) {
            return f.error();
        }
    }
    return l;
}

// The object under `key` with at most `most` members; null: absent.
outcome<const json::object*> map_of(const json::object& body, std::string_view key,
                                    std::size_t most) {
    const json::value* v = member(body, key);
    if (v == nullptr) {
        return nullptr;
    }
    if (!v->is_object()) {
        return wrong(key, "an object");
    }
    if (v->get_object().size() > most) {
        return too_many(key, most, "entries");
    }
    return &v->get_object();
}

std::array<std::uint8_t, 16> digest_of(const json::object* lists, const json::object* rooms) {
    std::string text;
    for (const json::object* part : {lists, rooms}) {
        text += part == nullptr ? "null" : json::serialize(*part);
        text += '\n';
    }
    std::array<std::uint8_t, 16> digest{};
    crypto_generichash(digest.data(), digest.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr,
                       0);
    return digest;
}

}  // namespace

outcome<rules_ptr> read_rules(const json::object& body, const std::string& user_id) {
    const auto lists = map_of(body, "lists", limits::sliding_lists_max);
    if (!lists) {
        return lists.error();
    }
    const auto rooms = map_of(body, "room_subscriptions", limits::sliding_subscriptions_max);
    if (!rooms) {
        return rooms.error();
    }
    auto made = std::make_shared<rules>();
    reader r{user_id};
    if (*lists != nullptr) {
        for (const auto& m : **lists) {
            auto read = r.list(m.key(), m.value());
            if (!read) {
                return read.error();
            }
            made->lists.push_back(std::move(*read));
        }
    }
    if (*rooms != nullptr) {
        for (const auto& m : **rooms) {
            auto read = r.config(m.value(), "room_subscriptions." + std::string{m.key()});
            if (!read) {
                return read.error();
            }
            made->subscriptions.push_back({m.key(), std::move(*read)});
        }
    }
    made->digest = digest_of(*lists, *rooms);
    return rules_ptr{std::move(made)};
}

outcome<extension> read_extension(const json::object& extensions, std::string_view name) {
    extension e;
    const json::value* v = member(extensions, name);
    if (v == nullptr) {
        return e;
    }
    const std::string where = "extensions." + std::string{name};
    if (!v->is_object()) {
        return wrong(where, "an object");
    }
    const json::object& o = v->get_object();
    const auto enabled = matrix::optional_bool(o, "enabled");
    if (!enabled) {
        return enabled.error();
    }
    e.enabled = enabled->value_or(false);
    auto lists = names(o, "lists", where);
    auto rooms = names(o, "rooms", where);
    if (!lists || !rooms) {
        return lists ? rooms.error() : lists.error();
    }
    e.lists = std::move(*lists);
    e.rooms = std::move(*rooms);
    return e;
}

}  // namespace porchlight::client_api::sliding
