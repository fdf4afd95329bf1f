#include "storage/media_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/assert.h"

namespace porchlight::storage {

namespace fs = std::filesystem;
using ports::media_error;
using ports::media_kind;

namespace {

constexpr std::string_view thumbnail_mark =
    "thumbnail.";  // in incoming/; no upload's name has a dot

// What stands in a path is the server's own; anything else is a programmer's error.
bool is_name(std::string_view name) {
    return name.size() >= 4 && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
           });
}

[[noreturn]] void refuse(const fs::path& path, std::string_view what, int error) {
    throw media_error(fmt::format("{} {}: {}", path.string(), what,
                                  std::error_code(error, std::generic_category()).message()));
}

class descriptor {
  public:
    descriptor(const fs::path& path, int flags)
        : number(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~descriptor() {
        if (number >= 0) {
            ::close(number);
        }
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    const int number;
};

void make_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        refuse(path, "can't be made", errno);
    }
}

void sync_folder(const fs::path& path) {
    const descriptor folder(path, O_RDONLY | O_DIRECTORY);
    if (folder.number < 0 || ::fsync(folder.number) != 0) {
        refuse(path, "can't be synced", errno);
    }
}

void write_all(int file, const fs::path& path, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            refuse(path, "can't be written", errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    if (::fsync(file) != 0) {
        refuse(path, "can't be synced", errno);
    }
}

}  // namespace

media_folder::media_folder(fs::path root) : root_(std::move(root)) {
    std::error_code problem;
    fs::create_directories(root_.parent_path(), problem);  // what fails is seen by the next line
    for (const char* each : {"", "uploads", "thumbnails", "incoming"}) {
        make_folder(root_ / each);
    }
    for (const auto& left : fs::directory_iterator(root_ / "incoming", problem)) {
        if (left.path().filename().string().starts_with(thumbnail_mark)) {
            ::unlink(left.path().c_str());
        }
    }
    if (problem) {
        refuse(root_, "can't be read", problem.value());
    }
    sync_folder(root_);
}

fs::path media_folder::place_of(media_kind kind, std::string_view name) {
    ASSERT(is_name(name));
    return fs::path(kind == media_kind::upload ? "uploads" : "thumbnails") / name.substr(0, 2) /
           name;
}

fs::path media_folder::folder_of(media_kind kind, std::string_view name) const {
    return path_of(kind, name).parent_path();
}

fs::path media_folder::path_of(media_kind kind, std::string_view name) const {
    return root_ / place_of(kind, name);
}

void media_folder::put(media_kind kind, std::string_view name, std::string_view bytes) {
    const bool upload = kind == media_kind::upload;
    const fs::path folder = folder_of(kind, name);
    const fs::path place = folder / name;
    const fs::path incoming =
        root_ / "incoming" / (std::string{upload ? "" : thumbnail_mark} + std::string{name});
    // Never into a file that is there: an upload that isn't settled is the same file by two names.
    const descriptor file(incoming, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (file.number < 0) {
        refuse(incoming, "can't be made", errno);
    }
    bool placed = false;
    try {
        write_all(file.number, incoming, bytes);
        make_folder(folder);
        if (!upload) {
            if (::rename(incoming.c_str(), place.c_str()) != 0) {
                refuse(place, "can't be named", errno);
            }
            return;
        }
        sync_folder(incoming.parent_path());  // before the link, or nobody would know of it
        if (::link(incoming.c_str(), place.c_str()) != 0) {
            refuse(place, "can't be named", errno);
        }
        placed = true;
        sync_folder(folder);
        sync_folder(folder.parent_path());
    } catch (const media_error&) {
        if (placed) {
            ::unlink(place.c_str());
        }
        ::unlink(incoming.c_str());
        throw;
    }
}

void media_folder::settle(std::string_view name) {
    ASSERT(is_name(name));
    const fs::path incoming = root_ / "incoming" / name;
    if (::unlink(incoming.c_str()) != 0 && errno != ENOENT) {
        refuse(incoming, "can't be removed", errno);
    }
}

std::vector<std::string> media_folder::unsettled() {
    std::vector<std::string> names;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(root_ / "incoming", problem)) {
        if (std::string name = entry.path().filename().string(); is_name(name)) {
            names.push_back(std::move(name));
        }
    }
    if (problem) {
        refuse(root_ / "incoming", "can't be read", problem.value());
    }
    return names;
}

std::optional<std::string> media_folder::read(media_kind kind, std::string_view name,
                                              std::uint64_t offset, std::size_t bytes) {
    const fs::path path = path_of(kind, name);
    const descriptor file(path, O_RDONLY | O_NOFOLLOW);
    if (file.number < 0) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        refuse(path, "can't be opened", errno);
    }
    std::string got(bytes, '\0');
    std::size_t filled = 0;
    while (filled < bytes) {
        const auto n = ::pread(file.number, got.data() + filled, bytes - filled,
                               static_cast<off_t>(offset + filled));
        if (n < 0 && errno != EINTR) {
            refuse(path, "can't be read", errno);
        }
        if (n == 0) {
            break;
        }
        filled += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    }
    got.resize(filled);
    return got;
}

std::optional<std::uint64_t> media_folder::size(media_kind kind, std::string_view name) {
    const fs::path path = path_of(kind, name);
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        refuse(path, "can't be looked at", errno);
    }
    return static_cast<std::uint64_t>(found.st_size);
}

void media_folder::remove(media_kind kind, std::string_view name) {
    const fs::path path = path_of(kind, name);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        refuse(path, "can't be removed", errno);
    }
}

}  // namespace porchlight::storage
