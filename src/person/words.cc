#include "person/words.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "matrix/identifier.h"
#include "person/failure.h"

namespace porchlight::person {

using std::chrono::milliseconds;

light light_of(std::string_view presence) {
    if (presence == "unavailable") {
        return light::dimmed;
    }
    return presence == "offline" || presence == "hidden" ? light::dark : light::lit;
}

std::string state_words(std::string_view presence) {
    if (presence == "free_for_chat") {
        return "free for chat";
    }
    return std::string(presence == "org.matrix.msc3026.busy" ? "busy" : presence);
}

std::string short_activity(std::optional<milliseconds> ago, bool currently_active) {
    if (!ago) {
        return currently_active ? "now" : "";
    }
    const auto seconds = std::max<std::int64_t>(ago->count() / 1000, 1);
    if (currently_active) {
        return "now";
    }
    if (seconds < 60) {
        return std::to_string(seconds) + " s";
    }
    if (seconds < 3600) {
        return std::to_string(seconds / 60) + " min";
    }
    if (seconds < 48 * 3600) {
        return std::to_string(seconds / 3600) + " h";
    }
    return std::to_string(seconds / 86400) + " days";
}

std::string activity_words(std::optional<milliseconds> ago, bool currently_active) {
    const std::string brief = short_activity(ago, currently_active);
    return brief.empty() ? "" : brief == "now" ? "active now" : "active " + brief + " ago";
}

std::optional<milliseconds> duration_of(std::string_view text) {
    if (text.size() < 2) {
        return std::nullopt;
    }
    std::int64_t unit = 0;
    switch (text.back()) {
        case 's':
            unit = 1000;
            break;
        case 'm':
            unit = 60'000;
            break;
        case 'h':
            unit = 3'600'000;
            break;
        case 'd':
            unit = 86'400'000;
            break;
        default:
            return std::nullopt;
    }
    std::int64_t count = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto read = std::from_chars(text.data(), end, count);
    constexpr std::int64_t longest = 3660LL * 86'400'000;  // ten years
    if (read.ec != std::errc{} || read.ptr != end || count <= 0 || count > longest / unit) {
        return std::nullopt;
    }
    return milliseconds{count * unit};
}

std::string whole_user_id(const std::string& text, const std::string& own) {
    const auto me = matrix::parse_user_id(own);
    std::string id = text;
    if (!text.starts_with('@') && text.find(':') == std::string::npos && me) {
        id = '@' + text + ':' + std::string(me->server);
    }
    if (!matrix::parse_user_id(id) || id.size() > base::limits::id_bytes_max) {
        throw failed{"\"" + text + "\" is no user id; it looks like @bob:" +
                     (me ? std::string(me->server) : "porch.test") + ", or bob on your own server"};
    }
    return id;
}

}  // namespace porchlight::person
