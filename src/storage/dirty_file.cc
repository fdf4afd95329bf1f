#include "storage/dirty_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/limits.h"
#include "base/metrics.h"
#include "ports/store.h"

namespace porchlight::storage {
namespace {

constexpr char magic[] = "porchlight dirty";

base::metrics::counter failures{"porchlight_dirty_file_failures_total",
                                "Dirty users that could not be remembered across a kill."};

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view why) {
    throw ports::store_error(fmt::format("{}: {}", path.string(), why));
}

std::string reason(int error) {
    return std::error_code(error, std::generic_category()).message();
}

}  // namespace

dirty_file::dirty_file() {
    if (!grow(step_bytes)) {
        throw ports::store_error("no memory for the bits of dirty users");
    }
}

dirty_file::dirty_file(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) {
        refuse(path, "cannot be opened: " + reason(errno));
    }
    struct stat found {};
    ::fstat(descriptor_, &found);
    const auto size = static_cast<std::size_t>(found.st_size);
    char start[header_bytes] = {};
    const bool read = ::pread(descriptor_, start, header_bytes, 0) == ssize_t{header_bytes};
    // Killed while it was made: all zeros, so nothing was set yet.
    const bool unfinished =
        size == 0 || (read && std::string_view{start, header_bytes} ==
                                  std::string_view{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16});
    if (!unfinished && (!read || std::memcmp(start, magic, header_bytes) != 0)) {
        ::close(descriptor_);
        refuse(path, "is no file of dirty users; give Porchlight a data folder of its own");
    }
    if (!grow(std::max(size, header_bytes + step_bytes))) {
        const int error = errno;
        ::close(descriptor_);
        refuse(path, "cannot be made large enough: " + reason(error));
    }
    std::memcpy(map_, magic, header_bytes);
}

dirty_file::~dirty_file() {
    if (map_ != nullptr) {
        ::munmap(map_, mapped_);
    }
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

bool dirty_file::grow(std::size_t bytes) {
    bytes = header_bytes + (bytes + step_bytes - header_bytes - 1) / step_bytes * step_bytes;
    if (descriptor_ >= 0) {
        // The space is taken now: a store into a hole of a full disk would be a SIGBUS.
        const int error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
        if (error != 0) {
            errno = error;
            return false;
        }
    }
    void* const mapped =
        map_ != nullptr
            ? ::mremap(map_, mapped_, bytes, MREMAP_MAYMOVE)
            : ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     descriptor_ >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, descriptor_, 0);
    if (mapped == MAP_FAILED) {
        return false;
    }
    map_ = static_cast<std::uint8_t*>(mapped);
    mapped_ = bytes;
    return true;
}

bool dirty_file::set(base::user_key u) {
    const std::size_t byte = u.index() / 8;
    if (u.index() >= base::limits::dirty_users_max ||
        (byte >= size_of_bits() && !grow(header_bytes + byte + 1))) {
        failures.add();
        return false;
    }
    map_[header_bytes + byte] |= static_cast<std::uint8_t>(1U << (u.index() % 8));
    return true;
}

void dirty_file::clear(base::user_key u) {
    const std::size_t byte = u.index() / 8;
    if (byte < size_of_bits()) {
        map_[header_bytes + byte] &= static_cast<std::uint8_t>(~(1U << (u.index() % 8)));
    }
}

bool dirty_file::is_set(base::user_key u) const {
    const std::size_t byte = u.index() / 8;
    return byte < size_of_bits() && ((map_[header_bytes + byte] >> (u.index() % 8)) & 1U) != 0;
}

void dirty_file::clear_all() {
    std::memset(map_ + header_bytes, 0, size_of_bits());
}

std::vector<base::user_key> dirty_file::dirty() const {
    std::vector<base::user_key> users;
    for (std::size_t byte = 0; byte < size_of_bits(); ++byte) {
        for (unsigned bits = map_[header_bytes + byte]; bits != 0; bits &= bits - 1) {
            users.emplace_back(static_cast<std::uint32_t>(
                byte * 8 + static_cast<std::size_t>(std::countr_zero(bits))));
        }
    }
    return users;
}

}  // namespace porchlight::storage
