#include "server/signing_key_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/log.h"
#include "server/house.h"

namespace porchlight::server {

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& why) {
    throw start_error("federation.signing_key: " + path + ": " + why);
}

void write_whole(const std::string& path, const std::string& line) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        fail(path, std::string{"it can't be made: "} + std::strerror(errno));
    }
    const auto written = ::write(file, line.data(), line.size());
    const bool good = written == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
    ::close(file);
    if (!good) {
        ::unlink(path.c_str());
        fail(path, "it can't be written; is the disk full?");
    }
    // The name must be on the disk, too.
    const int folder = ::open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_CLOEXEC);
    if (folder >= 0) {
        ::fsync(folder);
        ::close(folder);
    }
}

matrix::signing_key make(const std::string& path, ports::random& random) {
    std::array<std::uint8_t, matrix::signing_key::seed_bytes> seed{};
    random.fill(seed);
    const matrix::signing_key key{"ed25519:" + ports::random_text(random, 6), seed};
    sodium_memzero(seed.data(), seed.size());
    write_whole(path, key.line() + "\n");
    base::log::info("server", "a signing key was made", {{"file", path}, {"key", key.key_id()}});
    return key;
}

}  // namespace

matrix::signing_key load_signing_key(const std::string& path, ports::random& random) {
    std::ifstream in{path};
    if (!in) {
        if (::access(path.c_str(), F_OK) == 0) {
            fail(path, std::string{"it can't be read: "} + std::strerror(errno));
        }
        return make(path, random);
    }
    std::string line;
    std::getline(in, line);
    auto key = matrix::signing_key::parse(line);
    if (!key) {
        fail(path, key.error().message);
    }
    return *key;
}

}  // namespace porchlight::server
