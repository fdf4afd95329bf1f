#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace porchlight::storage {

// Copies a database as it is at one moment to `target`, which must not exist; also while a server
// serves from it, without disturbing it. The copy appears whole and synced, or not at all. Throws
// store_error. Any thread; reads the whole file.
void backup_to(const std::filesystem::path& database, const std::filesystem::path& target);

// What a database holds, for people.
struct database_facts {
    std::string server_name;  // empty: no server ran on it yet
    int schema = 0;
    std::uint64_t accounts = 0, rooms = 0, uploads = 0, upload_bytes = 0;
};
// Throws store_error, as the next three do: it cannot be read, isn't ours, or is of a newer
// version.
database_facts facts_of(const std::filesystem::path& database);
// Each upload that the database names, by id, with its length.
void uploads_in(const std::filesystem::path& database,
                const std::function<void(const std::string& media_id, std::uint64_t bytes)>& each);
bool has_upload(const std::filesystem::path& database, const std::string& media_id);

// What is wrong with a database, one sentence each; empty: all is well. Checks the file's structure
// and that rows refer to rows that exist.
std::vector<std::string> integrity_check(const std::filesystem::path& database);

}  // namespace porchlight::storage
