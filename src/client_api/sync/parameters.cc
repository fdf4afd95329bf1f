#include "client_api/sync/parameters.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace porchlight::client_api {

namespace {

constexpr base::milliseconds events_timeout_default = std::chrono::seconds{30};
constexpr std::size_t events_limit_default = 100;
constexpr std::size_t initial_messages_default = 10;

failure malformed(std::string_view name, std::string_view allowed) {
    return fail(errc::invalid_param, std::string{name} + " must be " + std::string{allowed});
}

// Whole numbers from 0 on; what exceeds 64 bits is the largest of them.
outcome<std::optional<std::uint64_t>> whole_number(const call& c, std::string_view name) {
    const std::string* text = c.parameter(name);
    if (text == nullptr) {
        return std::optional<std::uint64_t>{};
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (text->empty() || end != text->data() + text->size() ||
        error == std::errc::invalid_argument) {
        return malformed(name, "a whole number from 0 on");
    }
    return std::optional{error == std::errc::result_out_of_range ? ~std::uint64_t{0} : value};
}

outcome<base::milliseconds> timeout(const call& c, base::milliseconds when_absent) {
    const auto asked = whole_number(c, "timeout");
    if (!asked) {
        return asked.error();
    }
    const base::milliseconds most = c.server.config.sync_timeout_max;
    if (!*asked) {
        return std::min(when_absent, most);
    }
    const auto capped = std::min(**asked, static_cast<std::uint64_t>(most.count()));
    return base::milliseconds{static_cast<std::int64_t>(capped)};
}

outcome<std::size_t> count(const call& c, std::string_view name, std::size_t when_absent) {
    const auto asked = whole_number(c, name);
    if (!asked) {
        return asked.error();
    }
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(asked->value_or(when_absent), base::limits::messages_page_max));
}

outcome<bool> flag(const call& c, std::string_view name) {
    const std::string* text = c.parameter(name);
    if (text == nullptr || *text == "false") {
        return false;
    }
    if (*text != "true") {
        return malformed(name, "true or false");
    }
    return true;
}

outcome<std::optional<engine::token>> position(const call& c, std::string_view name) {
    const std::string* text = c.parameter(name);
    if (text == nullptr) {
        return std::optional<engine::token>{};
    }
    const auto token = engine::parse_token(*text);
    if (!token) {
        return malformed(name, "a token that this server gave");
    }
    return token;
}

}  // namespace

outcome<presence::stream_request> read_marks(const settings& s, const std::string* text) {
    if (text == nullptr) {
        return presence::stream_request{};
    }
    using presence::state;
    if (*text == "offline") {
        return presence::stream_request{false, std::nullopt};
    }
    if (*text == "unavailable") {
        return presence::stream_request{true, state::unavailable};
    }
    if (*text == "online") {
        return presence::stream_request{true, state::online};
    }
    if (*text == "free_for_chat") {
        return presence::stream_request{true, state::free_for_chat};
    }
    if (s.busy_enabled && (*text == "busy" || *text == "org.matrix.msc3026.busy")) {
        return presence::stream_request{true, state::busy};
    }
    return malformed("set_presence", s.busy_enabled
                                         ? "offline, unavailable, online, free_for_chat or busy"
                                         : "offline, unavailable, online or free_for_chat");
}

outcome<sync_parameters> read_sync_parameters(const call& c) {
    const auto since = position(c, "since");
    if (!since) {
        return since.error();
    }
    const auto wait = timeout(c, base::milliseconds{0});
    if (!wait) {
        return wait.error();
    }
    const auto full = flag(c, "full_state");
    if (!full) {
        return full.error();
    }
    const auto marking = read_marks(c.server.config, c.parameter("set_presence"));
    if (!marking) {
        return marking.error();
    }
    const std::string* filter = c.parameter("filter");
    return sync_parameters{*since, *wait, *full, *marking,
                           filter == nullptr ? std::string{} : *filter};
}

outcome<events_parameters> read_events_parameters(const call& c) {
    const auto from = position(c, "from");
    if (!from) {
        return from.error();
    }
    const auto wait = timeout(c, events_timeout_default);
    if (!wait) {
        return wait.error();
    }
    const auto limit = count(c, "limit", events_limit_default);
    if (!limit) {
        return limit.error();
    }
    if (*limit == 0) {
        return malformed("limit", "a whole number from 1 on");
    }
    events_parameters p{*from, *wait, *limit, std::nullopt};
    if (const std::string* room = c.parameter("room_id")) {
        p.room_id = *room;
    }
    return p;
}

outcome<initial_sync_parameters> read_initial_sync_parameters(const call& c) {
    const auto limit = count(c, "limit", initial_messages_default);
    if (!limit) {
        return limit.error();
    }
    const auto archived = flag(c, "archived");
    if (!archived) {
        return archived.error();
    }
    return initial_sync_parameters{*limit, *archived};
}

}  // namespace porchlight::client_api
