#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// States, times and users in the words that people read and write. Pure; any thread.
namespace porchlight::person {

// How much light is on: what the table is grouped by.
enum class light : std::uint8_t { lit, dimmed, dark };
light light_of(std::string_view presence);
// "free for chat" for "free_for_chat", "busy" for its unstable name; unknown ones as they are.
std::string state_words(std::string_view presence);

// "active now", "active 3 min ago"; empty when nothing is known.
std::string activity_words(std::optional<std::chrono::milliseconds> ago, bool currently_active);
// The same without "active" and "ago": "now", "3 min".
std::string short_activity(std::optional<std::chrono::milliseconds> ago, bool currently_active);

// "90s", "30m", "2h", "7d".
std::optional<std::chrono::milliseconds> duration_of(std::string_view text);

// "@bob:porch.test" as it is, "bob" with the server of `own`. Throws failed when it is neither.
std::string whole_user_id(const std::string& text, const std::string& own);

}  // namespace porchlight::person
