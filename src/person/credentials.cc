#include "person/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "matrix/json.h"
#include "person/failure.h"
#include "person/limits.h"

namespace porchlight::person {

namespace {

// Closed when it goes; -1: not open.
struct descriptor {
    int fd;
    explicit descriptor(int f) : fd(f) {}
    ~descriptor() {
        if (fd >= 0) {
            ::close(fd);
        }
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
};

[[noreturn]] void fail(const std::string& what, const std::string& path) {
    throw failed{"could not " + what + ' ' + path + ": " + std::strerror(errno)};
}

void check_mode(int fd, const std::string& path) {
    struct stat s {};
    if (::fstat(fd, &s) != 0) {
        fail("look at", path);
    }
    if (!S_ISREG(s.st_mode)) {
        throw failed{path + " is no file"};
    }
    if (s.st_uid != ::geteuid()) {
        throw failed{path + " belongs to another user; it has to be your own"};
    }
    if ((s.st_mode & 077) != 0) {
        throw failed{"others can read or change " + path +
                     ", which holds an access token: chmod 600 " + path +
                     " (and log in again if somebody may have read it)"};
    }
}

std::string read_all(int fd, const std::string& path) {
    std::vector<char> buffer(limits::credentials_bytes_max + 1);
    std::size_t size = 0;
    while (size < buffer.size()) {
        const ssize_t n = ::read(fd, buffer.data() + size, buffer.size() - size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            fail("read", path);
        }
        if (n == 0) {
            return {buffer.data(), size};
        }
        size += static_cast<std::size_t>(n);
    }
    throw failed{path + " is too long for what `porchlight login` writes"};
}

void write_all(int fd, const std::string& text, const std::string& path) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
        if (n < 0 && errno != EINTR) {
            fail("write", path);
        }
        at += n < 0 ? 0 : static_cast<std::size_t>(n);
    }
}

void make_folders(const std::string& folder) {
    for (std::size_t at = 0; at != std::string::npos;) {
        at = folder.find('/', at + 1);
        const std::string part = folder.substr(0, at);
        if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST && errno != EROFS &&
            errno != EACCES) {
            fail("make the folder", part);
        }
    }
}

}  // namespace

std::string credentials_path(const std::string& given, const environment& env) {
    const auto value = [&](const char* name) {
        const char* const v = env(name);
        return std::string(v == nullptr ? "" : v);
    };
    if (!given.empty()) {
        return given;
    }
    if (std::string file = value("PORCHLIGHT_CREDENTIALS"); !file.empty()) {
        return file;
    }
    constexpr auto name = "/porchlight/credentials.json";
    // A relative one is to be ignored, says the specification of these folders.
    if (const std::string folder = value("XDG_CONFIG_HOME"); folder.starts_with('/')) {
        return folder + name;
    }
    if (const std::string home = value("HOME"); !home.empty()) {
        return home + "/.config" + name;
    }
    throw failed{"there is no HOME to keep credentials in; say where with --credentials FILE"};
}

bool credentials_exist(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

credentials load_credentials(const std::string& path) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.fd < 0 && errno == ENOENT) {
        throw failed{"you are not logged in: porchlight login @you:your.server (no " + path + ')'};
    }
    if (file.fd < 0) {
        fail("read", path);
    }
    check_mode(file.fd, path);
    const auto parsed = matrix::parse_json(read_all(file.fd, path));
    const auto* const object = parsed.has_value() ? parsed->if_object() : nullptr;
    const auto member = [&](const char* key) -> std::string {
        const auto* const v = object == nullptr ? nullptr : object->if_contains(key);
        if (v == nullptr || !v->is_string() || v->get_string().empty()) {
            throw failed{path + " is not what `porchlight login` writes (\"" + key +
                         "\" is missing); log in again"};
        }
        return v->get_string().c_str();
    };
    return {member("homeserver"), member("user_id"), member("device_id"), member("access_token")};
}

void save_credentials(const std::string& path, const credentials& c) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos && slash > 0) {
        make_folders(path.substr(0, slash));
    }
    std::string beside = path + ".XXXXXX";
    const descriptor file(::mkostemp(beside.data(), O_CLOEXEC));  // made with 0600
    if (file.fd < 0) {
        fail("write", path);
    }
    try {
        write_all(file.fd,
                  boost::json::serialize(boost::json::object{{"homeserver", c.homeserver},
                                                             {"user_id", c.user_id},
                                                             {"device_id", c.device_id},
                                                             {"access_token", c.access_token}}) +
                      '\n',
                  path);
        if (::fchmod(file.fd, 0600) != 0 || ::fsync(file.fd) != 0 ||
            ::rename(beside.c_str(), path.c_str()) != 0) {
            fail("write", path);
        }
    } catch (const failed&) {
        ::unlink(beside.c_str());
        throw;
    }
}

void remove_credentials(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        fail("remove", path);
    }
}

}  // namespace porchlight::person
