#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace porchlight::ports {

enum class media_kind : std::uint8_t {
    upload,     // what a user gave, whose row is in the store
    thumbnail,  // made from an upload, and made again when it is gone
};

// The bytes of media. Names have 4 to 100 characters of [A-Za-z0-9_-] and are made by the server,
// never by a client. Thread-safe; all calls may block: cold pool only, or before serving. A call
// that fails (disk) throws media_error.
//
// An upload comes in three steps: put(), the commit of its row, settle(). Whatever stops the server
// in between, unsettled() names it at the next start, and the row says which of the two it was.
class media_files {
  public:
    virtual ~media_files() = default;
    // On return the bytes survive power loss (thumbnails: they are whole or absent). Throws and
    // leaves nothing behind that unsettled() wouldn't name.
    virtual void put(media_kind kind, std::string_view name, std::string_view bytes) = 0;
    // The upload's row is on disk.
    virtual void settle(std::string_view name) = 0;
    virtual std::vector<std::string> unsettled() = 0;
    // Up to `bytes` from `offset`; none: there is no such file. Shorter only at the file's end.
    virtual std::optional<std::string> read(media_kind kind, std::string_view name,
                                            std::uint64_t offset, std::size_t bytes) = 0;
    virtual std::optional<std::uint64_t> size(media_kind kind, std::string_view name) = 0;
    virtual void remove(media_kind kind, std::string_view name) = 0;  // nothing there: no error
};

struct media_error : std::exception {
    explicit media_error(std::string m) : message(std::move(m)) {}
    const char* what() const noexcept override { return message.c_str(); }
    std::string message;
};

}  // namespace porchlight::ports
