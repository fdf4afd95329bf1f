#pragma once

#include <string_view>

// The constant texts of stream answers. /sync: begin, token, then either nothing_durable or
// (account_data ... presence), presence events, then close or
// (to_device, messages, messages_end, append_key_news()), the device's own keys and end.
namespace porchlight::client_api::skeleton {

inline constexpr std::string_view sync_begin = R"({"next_batch":")";
inline constexpr std::string_view sync_nothing_durable =
    R"(","account_data":{"events":[]},"rooms":{"join":{},"invite":{},"leave":{}},)"
    R"("presence":{"events":[)";
inline constexpr std::string_view sync_account_data = R"(","account_data":{"events":[)";
inline constexpr std::string_view sync_rooms = R"(]},"rooms":)";
inline constexpr std::string_view sync_presence = R"(,"presence":{"events":[)";
inline constexpr std::string_view sync_close =
    R"(]},"to_device":{"events":[]},"device_lists":{"changed":[],"left":[]},)";
inline constexpr std::string_view sync_to_device = R"(]},"to_device":{"events":[)";
inline constexpr std::string_view sync_messages_end = "]},";
inline constexpr std::string_view device_lists = R"("device_lists":{"changed":[)";
inline constexpr std::string_view devices_left = R"(],"left":[)";
inline constexpr std::string_view own_keys = "]},";
// Of a device without keys; of others homeserver::device_keys::counts() says it.
inline constexpr std::string_view no_keys =
    R"("device_one_time_keys_count":{"signed_curve25519":0},)"
    R"("device_unused_fallback_key_types":[])";
inline constexpr std::string_view sync_end = "}";

inline constexpr std::string_view events_begin = R"({"start":")";
inline constexpr std::string_view events_end = R"(","end":")";
inline constexpr std::string_view events_chunk = R"(","chunk":[)";
inline constexpr std::string_view events_close = "]}";

}  // namespace porchlight::client_api::skeleton
