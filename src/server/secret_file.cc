#include "server/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "server/house.h"

namespace porchlight::server {

namespace {

[[noreturn]] void fail(const std::string& key, const std::string& path, const std::string& why) {
    throw start_error(key + ": " + path + ": " + why);
}

void write_whole(const std::string& key, const std::string& path, const std::string& line) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        fail(key, path, std::string{"it can't be made: "} + std::strerror(errno));
    }
    const auto written = ::write(file, line.data(), line.size());
    const bool good = written == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
    ::close(file);
    if (!good) {
        ::unlink(path.c_str());
        fail(key, path, "it can't be written; is the disk full?");
    }
    // The name must be on the disk, too.
    const int folder = ::open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_CLOEXEC);
    if (folder >= 0) {
        ::fsync(folder);
        ::close(folder);
    }
}

}  // namespace

secret load_secret(const std::string& key, const std::string& path,
                   base::unique_function<std::string()> fresh) {
    secret s;
    std::ifstream in{path};
    if (in) {
        std::getline(in, s.line);
        return s;
    }
    if (::access(path.c_str(), F_OK) == 0) {
        fail(key, path, std::string{"it can't be read: "} + std::strerror(errno));
    }
    s.line = fresh();
    s.made = true;
    write_whole(key, path, s.line + "\n");
    return s;
}

void check_only_owner_reads(const std::string& key, const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 077) != 0) {
        fail(key, path,
             "others than its owner may read it; `chmod 600` it, and make another one "
             "if they may have read it");
    }
}

}  // namespace porchlight::server
