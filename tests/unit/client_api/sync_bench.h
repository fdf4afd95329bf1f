#pragma once

#include <gtest/gtest.h>

#include "unit/client_api/room_bench.h"

// Streams over the API, with short words for what tests ask.
namespace porchlight::test {

inline bool holds_null(const json::value& v) {
    if (const auto* o = v.if_object()) {
        return std::ranges::any_of(*o, [](const auto& m) { return holds_null(m.value()); });
    }
    if (const auto* a = v.if_array()) {
        return std::ranges::any_of(*a, holds_null);
    }
    return v.is_null();
}

class sync_api : public room_api {
  public:
    using room_api::room_api;

    static std::string path(const std::string& query) {
        return "/_matrix/client/v3/sync" + (query.empty() ? "" : "?" + query);
    }
    // A /sync that is answered at once.
    json::value sync(const std::string& token, const std::string& query = {}) {
        const auto a = ask("GET", path(query), {}, token);
        EXPECT_EQ(a.status, 200) << a.text;
        const auto v = a.json();
        EXPECT_FALSE(holds_null(v)) << a.text;
        return v;
    }
    // The token after everything there is now.
    std::string caught_up(const std::string& token) { return next(sync(token)); }
    static std::string next(const json::value& answer) {
        return std::string(answer.at("next_batch").as_string());
    }
    // A /sync that waits 30 s for news after `since`.
    ports::http_handle poll(const std::string& token, const std::string& since,
                            const std::string& more = {}) {
        return start("GET", path("since=" + since + "&timeout=30000" + more), {}, token);
    }
    void put_presence(const std::string& who, const std::string& token, const json::value& body) {
        const auto a = ask_v3("PUT", "/presence/" + escape(id(who)) + "/status", token, body);
        ASSERT(a.status == 200);
    }
    // Where a filter goes into a query.
    static std::string filter(const std::string& text) { return "&filter=" + escape(text); }
    static std::string id(const std::string& name) { return "@" + name + ":porch.test"; }
};

inline const json::value* presence_of(const json::value& sync, const std::string& user_id) {
    const json::value* found = nullptr;
    for (const auto& e : sync.at("presence").at("events").as_array()) {
        if (e.at("sender").as_string() == user_id) {
            EXPECT_EQ(found, nullptr) << "one event per subject";
            found = &e;
        }
    }
    return found;
}
inline std::string presence_state(const json::value& sync, const std::string& user_id) {
    const json::value* e = presence_of(sync, user_id);
    return e == nullptr ? "absent" : std::string(e->at("content").at("presence").as_string());
}
inline const json::value* room_in(const json::value& sync, const char* section,
                                  const std::string& room) {
    return sync.at("rooms").at(section).as_object().if_contains(room);
}
// The types of events, in order.
inline std::string types(const json::value& events) {
    std::string text;
    for (const auto& e : events.as_array()) {
        text += std::string(e.at("type").as_string()) + " ";
    }
    return text;
}

}  // namespace porchlight::test
