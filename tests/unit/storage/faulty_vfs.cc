#include "unit/storage/faulty_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace porchlight::storage::testing {
namespace {

struct file {
    sqlite3_file base;   // what SQLite sees
    sqlite3_file* real;  // behind this struct in the same allocation
    std::string* path;   // null: a temporary file
};

struct shared_state {
    std::mutex mutex;
    std::uint64_t until_failure = faulty_vfs::for_ever;
    std::uint64_t failures_left = 0;
    bool failed = false;
    std::map<std::string, std::string> synced;  // content of each file at its last sync
    std::map<std::string, file*> open;          // the newest opening of each
} state;

sqlite3_vfs* system_vfs() {
    static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
    return found;
}

bool fails_now() {
    const std::scoped_lock lock{state.mutex};
    if (state.until_failure > 1) {
        --state.until_failure;
        return false;
    }
    if (state.failures_left == 0) {
        return false;
    }
    --state.failures_left;
    state.failed = true;
    return true;
}

file& of(sqlite3_file* f) {
    return *reinterpret_cast<file*>(f);
}

std::string content_of(sqlite3_file* real) {
    sqlite3_int64 size = 0;
    real->pMethods->xFileSize(real, &size);
    std::string content(static_cast<std::size_t>(size), '\0');
    real->pMethods->xRead(real, content.data(), static_cast<int>(size), 0);
    return content;
}

int close(sqlite3_file* f) {
    file& self = of(f);
    if (self.path != nullptr) {
        const std::scoped_lock lock{state.mutex};
        if (state.open[*self.path] == &self) {
            state.open.erase(*self.path);
        }
        delete self.path;
    }
    return self.real->pMethods->xClose(self.real);
}
int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    return of(f).real->pMethods->xRead(of(f).real, to, size, at);
}
int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
    sqlite3_file* real = of(f).real;
    if (fails_now()) {
        real->pMethods->xWrite(real, from, size / 2, at);  // a disk fills in the middle
        return SQLITE_FULL;
    }
    return real->pMethods->xWrite(real, from, size, at);
}
int truncate(sqlite3_file* f, sqlite3_int64 size) {
    return fails_now() ? SQLITE_IOERR_TRUNCATE : of(f).real->pMethods->xTruncate(of(f).real, size);
}
int sync(sqlite3_file* f, int) {
    if (fails_now()) {
        return SQLITE_IOERR_FSYNC;
    }
    // Not passed on: what lasts is modelled here, and a real sync costs the tests a minute.
    if (of(f).path != nullptr) {
        std::string content = content_of(of(f).real);
        const std::scoped_lock lock{state.mutex};
        state.synced[*of(f).path] = std::move(content);
    }
    return SQLITE_OK;
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
    return of(f).real->pMethods->xFileSize(of(f).real, size);
}
int lock(sqlite3_file* f, int kind) {
    return of(f).real->pMethods->xLock(of(f).real, kind);
}
int unlock(sqlite3_file* f, int kind) {
    return of(f).real->pMethods->xUnlock(of(f).real, kind);
}
int check_reserved(sqlite3_file* f, int* out) {
    return of(f).real->pMethods->xCheckReservedLock(of(f).real, out);
}
int control(sqlite3_file* f, int op, void* arg) {
    return of(f).real->pMethods->xFileControl(of(f).real, op, arg);
}
int sector_size(sqlite3_file* f) {
    return of(f).real->pMethods->xSectorSize(of(f).real);
}
int characteristics(sqlite3_file* f) {
    return of(f).real->pMethods->xDeviceCharacteristics(of(f).real);
}
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    return of(f).real->pMethods->xShmMap(of(f).real, page, size, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
    return of(f).real->pMethods->xShmLock(of(f).real, offset, n, flags);
}
void shm_barrier(sqlite3_file* f) {
    of(f).real->pMethods->xShmBarrier(of(f).real);
}
int shm_unmap(sqlite3_file* f, int remove) {
    return of(f).real->pMethods->xShmUnmap(of(f).real, remove);
}

constexpr sqlite3_io_methods methods{2,
                                     close,
                                     read,
                                     write,
                                     truncate,
                                     sync,
                                     file_size,
                                     lock,
                                     unlock,
                                     check_reserved,
                                     control,
                                     sector_size,
                                     characteristics,
                                     shm_map,
                                     shm_lock,
                                     shm_barrier,
                                     shm_unmap,
                                     nullptr,
                                     nullptr};

int open(sqlite3_vfs*, const char* path, sqlite3_file* f, int flags, int* out_flags) {
    file& self = of(f);
    self.base.pMethods = nullptr;
    self.real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(f) + sizeof(file));
    self.path = nullptr;
    const int code = system_vfs()->xOpen(system_vfs(), path, self.real, flags, out_flags);
    if (code != SQLITE_OK) {
        return code;
    }
    self.base.pMethods = &methods;
    if (path != nullptr && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
        self.path = new std::string{path};
        std::string content = content_of(self.real);
        const std::scoped_lock lock{state.mutex};
        state.open[path] = &self;
        state.synced.try_emplace(path, std::move(content));
    }
    return code;
}

int remove(sqlite3_vfs*, const char* path, int) {
    const std::scoped_lock lock{state.mutex};
    state.synced.erase(path);
    return system_vfs()->xDelete(system_vfs(), path, 0);
}

sqlite3_vfs& instance() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs made = *system_vfs();
        made.pNext = nullptr;
        made.zName = "porchlight-faulty";
        made.szOsFile = static_cast<int>(sizeof(file)) + system_vfs()->szOsFile;
        made.xOpen = open;
        made.xDelete = remove;
        return made;
    }();
    return vfs;
}

}  // namespace

faulty_vfs::faulty_vfs() {
    sqlite3_vfs_register(&instance(), 0);
    heal();
}

faulty_vfs::~faulty_vfs() {
    heal();
    sqlite3_vfs_unregister(&instance());
    const std::scoped_lock lock{state.mutex};
    state.synced.clear();
    state.open.clear();
}

void faulty_vfs::fail_at(std::uint64_t n, std::uint64_t more) {
    const std::scoped_lock lock{state.mutex};
    state.until_failure = n;
    state.failures_left = 1 + more;
    state.failed = false;
}

void faulty_vfs::heal() {
    const std::scoped_lock lock{state.mutex};
    state.until_failure = for_ever;
    state.failures_left = 0;
    state.failed = false;
}

bool faulty_vfs::has_failed() const {
    const std::scoped_lock lock{state.mutex};
    return state.failed;
}

void faulty_vfs::save_files(const std::filesystem::path& folder, bool power_loss) const {
    std::filesystem::create_directories(folder);
    const std::scoped_lock lock{state.mutex};
    for (const auto& [path, content] : state.synced) {
        const auto found = state.open.find(path);
        const bool current = !power_loss && found != state.open.end();
        std::ofstream out{folder / std::filesystem::path{path}.filename(), std::ios::binary};
        out << (current ? content_of(found->second->real) : content);
    }
}

}  // namespace porchlight::storage::testing
