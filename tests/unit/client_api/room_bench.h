#pragma once

#include <boost/json/serialize.hpp>

#include "support/api_bench.h"

// Rooms over the API, with short words for what tests ask.
namespace porchlight::test {

namespace json = boost::json;

class room_api : public api_bench {
  public:
    using api_bench::api_bench;

    static std::string escape(const std::string& text) {
        std::string out;
        for (const char c : text) {
            constexpr char digits[] = "0123456789ABCDEF";
            if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
                out += c;
            } else {
                const auto byte = static_cast<unsigned char>(c);
                out += {'%', digits[byte >> 4], digits[byte & 15]};
            }
        }
        return out;
    }
    // Path below /_matrix/client/v3.
    answer ask_v3(std::string_view method, const std::string& path, const std::string& token,
                  const json::value& body = nullptr) {
        return ask(method, "/_matrix/client/v3" + path,
                   body.is_null() ? std::string() : json::serialize(body), token);
    }
    std::string create(const std::string& token, const json::value& wish = json::object()) {
        const auto a = ask_v3("POST", "/createRoom", token, wish);
        ASSERT(a.status == 200);
        return std::string(a.json().at("room_id").as_string());
    }
    std::string create_open(const std::string& token) {
        return create(token, {{"preset", "public_chat"}});
    }
    // A path inside a room.
    answer in(std::string_view method, const std::string& room, const std::string& rest,
              const std::string& token, const json::value& body = nullptr) {
        return ask_v3(method, "/rooms/" + escape(room) + rest, token, body);
    }
    void join(const std::string& token, const std::string& room) {
        const auto a = in("POST", room, "/join", token, json::object());
        ASSERT(a.status == 200);
    }
    std::string say(const std::string& token, const std::string& room, const std::string& text) {
        const auto a = in("PUT", room, "/send/m.room.message/t" + std::to_string(++said_), token,
                          {{"msgtype", "m.text"}, {"body", text}});
        ASSERT(a.status == 200);
        return std::string(a.json().at("event_id").as_string());
    }
    std::string alice = sign_up("alice"), bob = sign_up("bob"), carol = sign_up("carol");

  private:
    int said_ = 0;
};

// The bodies of the messages of a chunk, in order.
inline std::string bodies(const json::value& chunk) {
    std::string text;
    for (const auto& event : chunk.as_array()) {
        if (event.at("type") == "m.room.message" &&
            event.at("content").as_object().contains("body")) {
            text += std::string(event.at("content").at("body").as_string()) + " ";
        }
    }
    return text;
}

}  // namespace porchlight::test
