#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

// Structured logging for everything but the engine (which never logs). Lines are text or JSON, as
// configured; the writer is asynchronous and bounded (when full, the oldest lines are dropped and
// counted). Never log a token, a password, a message body or a status text.
namespace porchlight::base::log {

enum class level { debug, info, warn, error };

// One key=value of a line. Values are formatted by fmt.
struct field {
    std::string_view key;
    std::string value;
    template <class T>
    field(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
};

struct settings {
    level least = level::info;
    bool json = false;
};

// Starts the writer (stderr). Call once, from main; without it lines go nowhere.
void start(const settings& s);
void set_level(level least);
// Writes what is queued and stops the writer.
void stop();

// `area` is the folder; `message` a constant sentence; what varies goes into fields.
void write(level l, std::string_view area, std::string_view message,
           std::initializer_list<field> fields = {});

inline void debug(std::string_view a, std::string_view m, std::initializer_list<field> f = {}) {
    write(level::debug, a, m, f);
}
inline void info(std::string_view a, std::string_view m, std::initializer_list<field> f = {}) {
    write(level::info, a, m, f);
}
inline void warn(std::string_view a, std::string_view m, std::initializer_list<field> f = {}) {
    write(level::warn, a, m, f);
}
inline void error(std::string_view a, std::string_view m, std::initializer_list<field> f = {}) {
    write(level::error, a, m, f);
}

}  // namespace porchlight::base::log
