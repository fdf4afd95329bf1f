#pragma once

#include <string_view>

// The constant texts of stream answers. /sync: begin, token, then either nothing_durable or
// (account_data ... presence), presence events, then close or
// (to_device, messages, end).
namespace porchlight::client_api::skeleton {

inline constexpr std::string_view sync_begin = R"({"next_batch":")";
inline constexpr std::string_view sync_nothing_durable =
    R"(","account_data":{"events":[]},"rooms":{"join":{},"invite":{},"leave":{}},)"
    R"("presence":{"events":[)";
inline constexpr std::string_view sync_account_data = R"(","account_data":{"events":[)";
inline constexpr std::string_view sync_rooms = R"(]},"rooms":)";
inline constexpr std::string_view sync_presence = R"(,"presence":{"events":[)";
inline constexpr std::string_view sync_close =
    R"(]},"to_device":{"events":[]},"device_lists":{"changed":[],"left":[]},)"
    R"("device_one_time_keys_count":{"signed_curve25519":0},)"
    R"("device_unused_fallback_key_types":[]})";

// The two parts of sync_close, around messages to the device.
inline constexpr std::string_view sync_to_device =
    sync_close.substr(0, sync_close.find(R"(]},"device_lists")"));
inline constexpr std::string_view sync_end = sync_close.substr(sync_to_device.size());

inline constexpr std::string_view events_begin = R"({"start":")";
inline constexpr std::string_view events_end = R"(","end":")";
inline constexpr std::string_view events_chunk = R"(","chunk":[)";
inline constexpr std::string_view events_close = "]}";

}  // namespace porchlight::client_api::skeleton
