#include "client_api/sliding/request.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "client_api/sliding/rules_reader.h"
#include "client_api/sync/parameters.h"

namespace porchlight::client_api::sliding {

namespace limits = base::limits;

bool required_state::passes(std::string_view type, std::string_view key) const {
    const auto hit = [&](const state_pattern& p) {
        // With lazy members a pattern for every type leaves the members to them.
        return p.matches(type, key) && (p.type || !lazy_members || type != "m.room.member");
    };
    return std::ranges::any_of(include, hit) &&
           std::ranges::none_of(exclude, [&](const auto& p) { return p.matches(type, key); });
}

bool room_config::passes(std::string_view type, std::string_view key) const {
    return std::ranges::any_of(state, [&](const auto& s) { return s.passes(type, key); });
}

bool room_config::lazy_members() const {
    return std::ranges::any_of(state, &required_state::lazy_members);
}

bool room_list::shows(std::size_t index) const {
    return !ranges || std::ranges::any_of(*ranges, [index](const auto& r) {
        return r.first <= index && index <= r.second;
    });
}

std::string to_string(const position& p) {
    return engine::to_string(p.token) + "~" + std::to_string(p.serial);
}

std::optional<position> parse_position(std::string_view text) {
    const auto mark = text.find('~');
    if (mark == std::string_view::npos) {
        return std::nullopt;
    }
    const auto token = engine::parse_token(text.substr(0, mark));
    std::uint64_t serial = 0;
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data() + mark + 1, end, serial);
    if (!token || error != std::errc{} || last != end) {
        return std::nullopt;
    }
    return position{*token, serial};
}

namespace {

// Of the query, where clients of the unstable endpoint put it, or of the body.
outcome<std::optional<std::string>> text_of(const call& c, std::string_view name) {
    if (const std::string* text = c.parameter(name)) {
        return std::optional{*text};
    }
    return matrix::optional_string(c.object(), name);
}

outcome<void> read_timeout(const call& c, request& r) {
    std::uint64_t asked = 0;
    if (const std::string* text = c.parameter("timeout")) {
        const char* end = text->data() + text->size();
        const auto [last, error] = std::from_chars(text->data(), end, asked);
        if (text->empty() || last != end || error == std::errc::invalid_argument) {
            return fail(errc::invalid_param, "timeout must be a whole number from 0 on");
        }
        if (error == std::errc::result_out_of_range) {
            asked = ~std::uint64_t{0};
        }
    } else {
        const auto number = matrix::optional_integer(c.object(), "timeout");
        if (!number) {
            return number.error();
        }
        if (number->value_or(0) < 0) {
            return fail(errc::invalid_param, "timeout must be a whole number from 0 on");
        }
        asked = static_cast<std::uint64_t>(number->value_or(0));
    }
    const auto most = static_cast<std::uint64_t>(c.server.config.sync_timeout_max.count());
    if (r.pos) {
        r.timeout = base::milliseconds{static_cast<std::int64_t>(std::min(asked, most))};
    }
    return {};
}

outcome<void> read_names(const call& c, request& r) {
    const auto conn = text_of(c, "conn_id");
    if (!conn) {
        return conn.error();
    }
    r.conn_id = conn->value_or("");
    if (r.conn_id.size() > limits::id_bytes_max) {
        return fail(
            errc::invalid_param,
            "conn_id: at most " + std::to_string(limits::id_bytes_max) + " bytes are allowed");
    }
    const auto txn = text_of(c, "txn_id");
    if (!txn) {
        return txn.error();
    }
    r.txn_id = txn->value_or("");
    if (r.txn_id.size() > limits::id_bytes_max) {
        return fail(errc::invalid_param, "txn_id: at most " + std::to_string(limits::id_bytes_max) +
                                             " bytes are allowed");
    }
    return {};
}

outcome<void> read_to_device(const json::object& extensions, request& r) {
    r.to_device_limit = limits::to_device_per_response_max;
    const json::value* v = extensions.if_contains("to_device");
    if (v == nullptr || !v->is_object()) {
        return {};
    }
    const auto since = matrix::optional_string(v->get_object(), "since");
    if (!since) {
        return since.error();
    }
    if (*since) {
        const char* end = (*since)->data() + (*since)->size();
        const auto [last, error] = std::from_chars((*since)->data(), end, r.to_device_since);
        if (error != std::errc{} || last != end) {
            return fail(errc::invalid_param,
                        "extensions.to_device.since must be a next_batch that this server gave");
        }
    }
    const auto limit = matrix::optional_integer(v->get_object(), "limit");
    if (!limit) {
        return limit.error();
    }
    if (*limit && **limit < 1) {
        return fail(errc::invalid_param,
                    "extensions.to_device.limit must be a whole number from 1 on");
    }
    if (*limit) {
        r.to_device_limit =
            std::min(static_cast<std::size_t>(**limit), limits::to_device_per_response_max);
    }
    return {};
}

outcome<void> read_extensions(const call& c, request& r) {
    const json::value* v = c.object().if_contains("extensions");
    if (v == nullptr || v->is_null()) {
        return {};
    }
    if (!v->is_object()) {
        return fail(errc::bad_json, "extensions must be an object");
    }
    const json::object& o = v->get_object();
    const std::pair<std::string_view, extension*> known[] = {
        {"to_device", &r.to_device},
        {"e2ee", &r.e2ee},
        {"account_data", &r.account_data},
        {"receipts", &r.receipts},
        {"typing", &r.typing},
        {"io.porchlight.presence", &r.presence}};
    for (const auto& [name, target] : known) {
        const auto read = read_extension(o, name);
        if (!read) {
            return read.error();
        }
        *target = *read;
    }
    return read_to_device(o, r);
}

}  // namespace

outcome<request> read_request(const call& c, const std::string& user_id) {
    request r;
    const auto pos = text_of(c, "pos");
    if (!pos) {
        return pos.error();
    }
    if (*pos) {
        r.pos = parse_position(**pos);
        if (!r.pos) {
            return fail(errc::unknown_pos);
        }
    }
    const auto presence = text_of(c, "set_presence");
    if (!presence) {
        return presence.error();
    }
    const auto marks = read_marks(c.server.config, *presence ? &**presence : nullptr);
    if (!marks) {
        return marks.error();
    }
    r.marks = *marks;
    auto wanted = read_rules(c.object(), user_id);
    if (!wanted) {
        return wanted.error();
    }
    r.wanted = std::move(*wanted);
    for (const auto read : {read_timeout, read_names, read_extensions}) {
        if (const auto done = read(c, r); !done) {
            return done.error();
        }
    }
    return r;
}

}  // namespace porchlight::client_api::sliding
