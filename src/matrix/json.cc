#include "matrix/json.h"

#include <simdjson.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "base/limits.h"

namespace porchlight::matrix {

namespace {

constexpr std::int64_t canonical_integer_max = (std::int64_t{1} << 53) - 1;

failure refused(std::string message) {
    return fail(errc::bad_json, std::move(message));
}

failure too_deep() {
    return refused("The JSON is nested deeper than " +
                   std::to_string(base::limits::json_depth_max) + " levels.");
}

// `depth`: of containers that may still be opened.
outcome<json::value> convert(simdjson::dom::element e, std::size_t depth);

outcome<json::value> convert_object(simdjson::dom::object o, std::size_t depth) {
    json::object out;
    for (const auto member : o) {
        auto v = convert(member.value, depth);
        if (!v) {
            return v;
        }
        const bool fresh = out.emplace(member.key, std::move(*v)).second;
        if (!fresh) {
            std::string message = "The key ";
            append_json_string(message, member.key);
            return refused(message + " appears twice in one object.");
        }
    }
    return json::value(std::move(out));
}

outcome<json::value> convert(simdjson::dom::element e, std::size_t depth) {
    using simdjson::dom::element_type;
    if (e.type() == element_type::ARRAY || e.type() == element_type::OBJECT) {
        if (depth == 0) {
            return too_deep();
        }
        --depth;
    }
    switch (e.type()) {
        case element_type::ARRAY: {
            json::array out;
            for (const auto item : simdjson::dom::array(e)) {
                auto v = convert(item, depth);
                if (!v) {
                    return v;
                }
                out.push_back(std::move(*v));
            }
            return json::value(std::move(out));
        }
        case element_type::OBJECT:
            return convert_object(simdjson::dom::object(e), depth);
        case element_type::INT64:
            return json::value(std::int64_t(e));
        case element_type::UINT64:
            return json::value(std::uint64_t(e));
        case element_type::DOUBLE:
            return json::value(double(e));
        case element_type::STRING:
            return json::value(std::string_view(e));
        case element_type::BOOL:
            return json::value(bool(e));
        case element_type::NULL_VALUE:
            return json::value(nullptr);
    }
    return fail(errc::not_json);
}

failure explain(simdjson::error_code error) {
    switch (error) {
        case simdjson::DEPTH_ERROR:
            return too_deep();
        case simdjson::CAPACITY:
        case simdjson::MEMALLOC:
            return fail(errc::too_large);
        case simdjson::NUMBER_ERROR:
            return fail(errc::not_json, "The body has a number that is malformed or out of range.");
        case simdjson::UTF8_ERROR:
            return fail(errc::not_json, "The body is not valid UTF-8.");
        default:
            return fail(errc::not_json);
    }
}

failure wrong_type(std::string_view key, std::string_view allowed) {
    return refused("The key \"" + std::string{key} + "\" must be " + std::string{allowed} + ".");
}

matrix::outcome<void> append_canonical(std::string& out, const json::value& v);

outcome<void> append_canonical(std::string& out, const json::object& o) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(o.size());
    for (const auto& member : o) {
        members.push_back(&member);
    }
    // Bytes of UTF-8 sort as code points do.
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) {
        return std::string_view{a->key().data(), a->key().size()} <
               std::string_view{b->key().data(), b->key().size()};
    });
    out += '{';
    bool first = true;
    for (const auto* member : members) {
        if (!first) {
            out += ',';
        }
        first = false;
        append_json_string(out, {member->key().data(), member->key().size()});
        out += ':';
        if (auto r = append_canonical(out, member->value()); !r) {
            return r;
        }
    }
    out += '}';
    return {};
}

outcome<void> append_integer(std::string& out, std::int64_t i) {
    if (i > canonical_integer_max || i < -canonical_integer_max) {
        return refused("Integers must lie between -(2^53)+1 and (2^53)-1.");
    }
    out += std::to_string(i);
    return {};
}

outcome<void> append_canonical(std::string& out, const json::value& v) {
    switch (v.kind()) {
        case json::kind::null:
            out += "null";
            return {};
        case json::kind::bool_:
            out += v.get_bool() ? "true" : "false";
            return {};
        case json::kind::int64:
            return append_integer(out, v.get_int64());
        case json::kind::uint64:
            if (v.get_uint64() > static_cast<std::uint64_t>(canonical_integer_max)) {
                return append_integer(out, canonical_integer_max + 1);
            }
            return append_integer(out, static_cast<std::int64_t>(v.get_uint64()));
        case json::kind::double_:
            return refused("Numbers with a fraction or an exponent are not allowed here.");
        case json::kind::string:
            append_json_string(out, {v.get_string().data(), v.get_string().size()});
            return {};
        case json::kind::array: {
            out += '[';
            bool first = true;
            for (const auto& item : v.get_array()) {
                if (!first) {
                    out += ',';
                }
                first = false;
                if (auto r = append_canonical(out, item); !r) {
                    return r;
                }
            }
            out += ']';
            return {};
        }
        case json::kind::object:
            return append_canonical(out, v.get_object());
    }
    return fail(errc::unknown);
}

}  // namespace

outcome<json::value> parse_json(std::string_view text) {
    thread_local simdjson::dom::parser parser{base::limits::body_bytes_max};
    if (text.size() > base::limits::body_bytes_max) {
        return fail(errc::too_large);
    }
    // The copy of a small text must not touch a buffer of the largest size: depth only.
    if (parser.max_depth() != base::limits::json_depth_max + 1 || parser.capacity() < text.size()) {
        const auto error =
            parser.allocate(std::max<std::size_t>(text.size(), std::size_t{16} * 1024),
                            base::limits::json_depth_max + 1);
        if (error) {
            return explain(error);
        }
    }
    simdjson::dom::element root;
    if (const auto error = parser.parse(text.data(), text.size(), true).get(root)) {
        return explain(error);
    }
    return convert(root, base::limits::json_depth_max);
}

bool is_utf8(std::string_view text) {
    return simdjson::validate_utf8(text.data(), text.size());
}

const json::value* find(const json::value& object, std::string_view key) {
    const auto* o = object.if_object();
    return o == nullptr ? nullptr : o->if_contains(key);
}

outcome<std::optional<std::string>> optional_string(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    if (v == nullptr) {
        return std::optional<std::string>{};
    }
    if (const auto* s = v->if_string()) {
        return std::optional<std::string>{std::string{s->data(), s->size()}};
    }
    return wrong_type(key, "a string");
}

outcome<std::string> required_string(const json::object& o, std::string_view key) {
    auto s = optional_string(o, key);
    if (!s) {
        return s.error();
    }
    if (!*s) {
        return fail(errc::missing_param, "The key \"" + std::string{key} + "\" is missing.");
    }
    return std::move(**s);
}

outcome<std::optional<std::int64_t>> optional_integer(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    if (v == nullptr) {
        return std::optional<std::int64_t>{};
    }
    if (const auto* i = v->if_int64()) {
        return std::optional<std::int64_t>{*i};
    }
    return wrong_type(key, "a whole number");
}

outcome<std::optional<bool>> optional_bool(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    if (v == nullptr) {
        return std::optional<bool>{};
    }
    if (const auto* b = v->if_bool()) {
        return std::optional<bool>{*b};
    }
    return wrong_type(key, "true or false");
}

void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    std::size_t plain = 0;  // begin of what needs no escape
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        out.append(text, plain, i - plain);
        plain = i + 1;
        out += '\\';
        switch (c) {
            case '"':
            case '\\':
                out += c;
                break;
            case '\b':
                out += 'b';
                break;
            case '\t':
                out += 't';
                break;
            case '\n':
                out += 'n';
                break;
            case '\f':
                out += 'f';
                break;
            case '\r':
                out += 'r';
                break;
            default:
                out += "u00";
                out += hex[static_cast<unsigned char>(c) >> 4];
                out += hex[static_cast<unsigned char>(c) & 15];
        }
    }
    out.append(text, plain);
    out += '"';
}

outcome<std::string> canonical_json(const json::value& v) {
    std::string out;
    if (auto r = append_canonical(out, v); !r) {
        return r.error();
    }
    return out;
}

}  // namespace porchlight::matrix
