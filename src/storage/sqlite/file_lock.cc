#include "storage/sqlite/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "ports/store.h"

namespace porchlight::storage::sqlite {

file_lock::file_lock(const std::string& path, const std::string& what)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) {
        throw ports::store_error(
            fmt::format("{}: cannot make the lock file: {}", path,
                        std::error_code(errno, std::generic_category()).message()));
    }
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor_);
        throw ports::store_error(
            fmt::format("{} is in use by another Porchlight; one process at a time", what));
    }
}

file_lock::~file_lock() {
    ::close(descriptor_);
}

}  // namespace porchlight::storage::sqlite
