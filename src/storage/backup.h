#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace porchlight::storage {

// Copies a database as it is at one moment to `target`, which must not exist; also while a server
// serves from it, without disturbing it. The copy appears whole and synced, or not at all. Throws
// store_error. Any thread; reads the whole file.
void backup_to(const std::filesystem::path& database, const std::filesystem::path& target);

// What is wrong with a database, one sentence each; empty: all is well. Checks the file's structure
// and that rows refer to rows that exist. Throws store_error when it cannot be read, or isn't ours.
std::vector<std::string> integrity_check(const std::filesystem::path& database);

}  // namespace porchlight::storage
