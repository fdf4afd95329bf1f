#include "storage/sqlite/connection.h"

#include <fmt/format.h>

#include "ports/store.h"

namespace porchlight::storage::sqlite {
namespace {

constexpr int busy_timeout_ms = 5000;

}  // namespace

connection::connection(const std::string& path, access a, const std::string& vfs) : path_(path) {
    const int flags =
        SQLITE_OPEN_NOMUTEX | (a == access::read_only ? SQLITE_OPEN_READONLY
                                                      : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3* opened = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &opened, flags, vfs.empty() ? nullptr : vfs.c_str());
    handle_.reset(opened);
    if (code != SQLITE_OK) {
        fail("opening it");
    }
    sqlite3_extended_result_codes(opened, 1);
    sqlite3_busy_timeout(opened, busy_timeout_ms);
}

void connection::run(const std::string& sql) {
    if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        fail(sql);
    }
}

std::int64_t connection::integer(const std::string& sql) {
    std::int64_t value = 0;
    statement{*this, sql}.rows([&](const statement& row) { value = row.integer(0); });
    return value;
}

std::string connection::text(const std::string& sql) {
    std::string value;
    statement{*this, sql}.rows([&](const statement& row) { value = row.text(0); });
    return value;
}

void connection::fail(std::string_view doing) const {
    const bool open = handle_ != nullptr;
    throw ports::store_error(fmt::format(
        "{}: {} (code {}) at: {}", path_, open ? sqlite3_errmsg(handle_.get()) : "out of memory",
        open ? sqlite3_extended_errcode(handle_.get()) : SQLITE_NOMEM, doing.substr(0, 200)));
}

statement::statement(connection& c, std::string_view sql) : connection_(&c) {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(c.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    handle_.reset(prepared);
    if (code != SQLITE_OK) {
        c.fail(sql);
    }
}

statement::resetter::~resetter() {
    sqlite3_reset(s.handle_.get());
}

int statement::bind_one(int i, std::string_view v) {
    // A null pointer would bind NULL; an empty view may have one.
    return sqlite3_bind_text64(handle_.get(), i, v.empty() ? "" : v.data(), v.size(), SQLITE_STATIC,
                               SQLITE_UTF8);
}

int statement::bind_one(int i, bytes v) {
    return sqlite3_bind_blob64(handle_.get(), i, v.value.empty() ? "" : v.value.data(),
                               v.value.size(), SQLITE_STATIC);
}

void statement::check(int code) const {
    if (code != SQLITE_OK) {
        connection_->fail(sqlite3_sql(handle_.get()));
    }
}

bool statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        connection_->fail(sqlite3_sql(handle_.get()));
    }
    return code == SQLITE_ROW;
}

std::string_view statement::text_view(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
    const int size = sqlite3_column_bytes(handle_.get(), column);
    return bytes == nullptr ? std::string_view{}
                            : std::string_view(bytes, static_cast<std::size_t>(size));
}

std::string statement::blob(int column) const {
    const auto* start = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    const int size = sqlite3_column_bytes(handle_.get(), column);
    return start == nullptr ? std::string{} : std::string(start, static_cast<std::size_t>(size));
}

std::optional<std::string> statement::optional_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional{text(column)};
}

std::optional<base::wall_time> statement::optional_time(int column) const {
    return is_null(column) ? std::nullopt : std::optional{time(column)};
}

}  // namespace porchlight::storage::sqlite
