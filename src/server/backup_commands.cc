#include "server/backup_commands.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <vector>

#include "server/house.h"
#include "storage/backup.h"

namespace porchlight::server {

namespace {

namespace fs = std::filesystem;

// Where a server keeps what; in a backup too.
struct places {
    fs::path data, database, media, key;
};

places places_in(const fs::path& folder) {
    return {folder, folder / "porchlight.db", folder / "media", folder / "signing.key"};
}

places places_of(const config& c) {
    places p = places_in(c.data);
    p.media = c.media_folder.empty() ? p.media : fs::path(c.media_folder);
    p.key = c.signing_key.empty() ? p.key : fs::path(c.signing_key);
    return p;
}

std::string reason(int error) {
    return std::error_code(error, std::generic_category()).message();
}

void make_private_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0) {
        throw start_error("the folder " + path.string() + " can't be made: " + reason(errno));
    }
}

// The bytes that came over; other permissions than the owner's do not.
void copy_private(const fs::path& from, const fs::path& to) {
    fs::create_directories(to.parent_path());
    fs::copy_file(from, to);
    fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write);
}

// Everything below the folder is on the disk, names included.
void sync_below(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::syncfs(descriptor) == 0;
    const int error = errno;
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    if (!synced) {
        throw start_error(folder.string() + " can't be synced: " + reason(error));
    }
}

// Copies the uploads that `database` names; ids of those without a whole file.
std::vector<std::string> copy_uploads(const fs::path& database, const fs::path& from,
                                      const fs::path& to) {
    std::vector<std::string> missing;
    storage::uploads_in(database, [&](const std::string& id, std::uint64_t bytes) {
        const fs::path place = storage::media_folder::place_of(ports::media_kind::upload, id);
        std::error_code problem;
        if (fs::file_size(from / place, problem) != bytes || problem) {
            missing.push_back(id);
        } else {
            copy_private(from / place, to / place);
        }
    });
    return missing;
}

void print_facts(const storage::database_facts& f) {
    std::cout << (f.server_name.empty() ? "(no server name yet)" : f.server_name) << ": "
              << f.accounts << " accounts, " << f.rooms << " rooms, " << f.uploads << " uploads of "
              << f.upload_bytes << " bytes; schema version " << f.schema << '\n';
}

int print_missing(const std::vector<std::string>& missing) {
    constexpr std::size_t named_max = 10;
    for (std::size_t i = 0; i < std::min(missing.size(), named_max); ++i) {
        std::cout << "PROBLEM  the file of upload " << missing[i] << " is missing or cut\n";
    }
    if (missing.size() > named_max) {
        std::cout << "PROBLEM  and " << missing.size() - named_max << " more\n";
    }
    return missing.empty() ? 0 : 1;
}

// The files are there; throws with all that is wrong with the database.
void require_sound(const fs::path& database) {
    const auto wrong = storage::integrity_check(database);
    if (!wrong.empty()) {
        std::string all;
        for (const std::string& w : wrong) {
            all += "\n  " + w;
        }
        throw start_error(database.string() + " is damaged:" + all);
    }
}

int fill_backup(const places& live, const places& copy) {
    storage::backup_to(live.database, copy.database);
    // A copy with a fault is more than no copy; who reads the exit code looks before it is needed.
    const auto wrong = storage::integrity_check(copy.database);
    for (const std::string& w : wrong) {
        std::cout << "PROBLEM  in the database: " << w << '\n';
    }
    // Its seed is the server's identity; without it others wouldn't believe what is restored.
    if (fs::exists(live.key)) {
        copy_private(live.key, copy.key);
    }
    make_private_folder(copy.media);
    auto missing = copy_uploads(copy.database, live.media, copy.media);
    // Whatever was deleted while its turn came is none of this backup's.
    std::erase_if(missing,
                  [&](const std::string& id) { return !storage::has_upload(live.database, id); });
    print_facts(storage::facts_of(copy.database));
    return print_missing(missing) == 0 && wrong.empty() ? 0 : 1;
}

void give_to(const fs::path& path, const struct stat& owner) {
    if (::lchown(path.c_str(), owner.st_uid, owner.st_gid) != 0) {
        throw start_error(path.string() + " can't be given to user " +
                          std::to_string(owner.st_uid) + ": " + reason(errno));
    }
}

// Root restores for the user that the server runs as.
void give_all(const places& here, const struct stat& owner) {
    if (::geteuid() == owner.st_uid) {
        return;
    }
    for (const fs::path& folder : {here.data, here.media}) {
        give_to(folder, owner);
        for (const auto& each : fs::recursive_directory_iterator(folder)) {
            give_to(each.path(), owner);
        }
    }
    if (fs::exists(here.key)) {
        give_to(here.key, owner);
    }
}

void require_empty(const fs::path& folder, std::string_view key) {
    if (fs::exists(folder) && (!fs::is_directory(folder) || !fs::is_empty(folder))) {
        throw start_error(std::string(key) + ": " + folder.string() +
                          " is not an empty folder; a restore replaces nothing. Move what is there "
                          "away");
    }
}

int fill_data(const places& copy, const places& here) {
    fs::create_directories(here.media);
    fs::permissions(here.media, fs::perms::owner_all);
    const auto missing = copy_uploads(copy.database, copy.media, here.media);
    if (fs::exists(copy.key)) {
        copy_private(copy.key, here.key);
    } else {
        std::cout << "PROBLEM  the backup has no signing.key; the next start makes a new one\n";
    }
    // Last, and by name: an interrupted restore is no data that a server would start with.
    fs::path part = here.database;
    part += ".part";
    copy_private(copy.database, part);
    sync_below(here.data);
    fs::rename(part, here.database);
    sync_below(here.data);
    sync_below(here.media);
    sync_below(here.key.parent_path());
    print_facts(storage::facts_of(here.database));
    return print_missing(missing);
}

template <class Work>
int with_sentences(Work work) {
    try {
        return work();
    } catch (const ports::store_error& e) {
        throw start_error(e.message);
    } catch (const fs::filesystem_error& e) {
        throw start_error(e.path1().string() + (e.path2().empty() ? "" : " to ") +
                          e.path2().string() + ": " + e.code().message());
    }
}

}  // namespace

int backup(const config& c, const std::string& target) {
    return with_sentences([&] {
        const fs::path whole = fs::absolute(fs::path(target) / "").parent_path();
        fs::path part = whole;
        part += ".part";
        for (const fs::path& taken : {whole, part}) {
            if (fs::exists(taken)) {
                throw start_error(taken.string() + " exists already; a backup replaces nothing");
            }
        }
        ::umask(077);
        make_private_folder(part);
        int code = 0;
        try {
            code = fill_backup(places_of(c), places_in(part));
            sync_below(part);
            fs::rename(part, whole);
            sync_below(whole);
        } catch (...) {
            std::error_code ignored;
            fs::remove_all(part, ignored);
            throw;
        }
        std::cout << "backed up to " << whole.string() << '\n';
        return code;
    });
}

int restore(const config& c, const std::string& from) {
    return with_sentences([&] {
        const places copy = places_in(from);
        const places here = places_of(c);
        const storage::database_facts facts = storage::facts_of(copy.database);
        require_sound(copy.database);
        require_empty(here.data, "server.data");
        require_empty(here.media, "media.folder");
        if (fs::exists(here.key)) {
            throw start_error("federation.signing_key: " + here.key.string() +
                              " exists already; a restore replaces nothing. Move it away");
        }
        ::umask(077);
        struct stat owner {};
        const bool given = ::stat(here.data.c_str(), &owner) == 0;
        make_data_folder(here.data);
        const int code = fill_data(copy, here);
        if (given) {
            give_all(here, owner);
        }
        std::cout << "restored to " << here.data.string()
                  << "; the first start tells everybody's presence again\n";
        if (facts.server_name != c.homeserver.server_name && !facts.server_name.empty()) {
            std::cout << "server.name is " << c.homeserver.server_name
                      << "; this data needs server.name = \"" << facts.server_name << "\"\n";
        }
        return code;
    });
}

}  // namespace porchlight::server
