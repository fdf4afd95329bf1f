#pragma once

#include <span>
#include <string>

#include "storage/sqlite/connection.h"

// The schema's versions. Numbered from 1, forward only: a released one is never edited.
namespace porchlight::storage::sqlite {

// "PrcL": marks the file as ours (PRAGMA application_id). PRAGMA user_version is the schema
// version.
inline constexpr std::int32_t application_id = 0x5072634c;

struct migration {
    const char* name;
    const char* sql;  // run in one transaction with the new user_version
};
std::span<const migration> migrations();  // migrations()[i] makes version i + 1
inline int newest_version() {
    return static_cast<int>(migrations().size());
}
// The first versions that have the tables of presence lists and of uploads.
inline constexpr int version_with_lists = 4, version_with_media = 5;

// Refuses, with a sentence, a file of another application or of a newer version; leaves a good one
// as it is. Returns its version, 0 for an empty file.
int check_version(connection& c, const std::string& path);
// Brings the file to version `to`, one transaction per step. A failed step changes nothing.
void migrate(connection& c, const std::string& path, int to = newest_version());

}  // namespace porchlight::storage::sqlite
