#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/key.h"
#include "base/time.h"

// The C API of SQLite with owners and exceptions. Everything here throws ports::store_error with
// SQLite's own words, the statement and the file.
namespace porchlight::storage::sqlite {

enum class access { read_only, read_write };

// One connection, used by one thread at a time.
class connection {
  public:
    // Opens (read_write also creates) the file; waits up to 5 s where another process holds a lock.
    connection(const std::string& path, access a, const std::string& vfs);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Runs statements that return no rows of interest.
    void run(const std::string& sql);
    std::int64_t integer(const std::string& sql);  // first column of the first row; 0 without a row
    std::string text(const std::string& sql);
    bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
    [[noreturn]] void fail(std::string_view doing) const;
    sqlite3* handle() const { return handle_.get(); }

  private:
    struct closer {
        void operator()(sqlite3* c) const { sqlite3_close_v2(c); }
    };
    std::string path_;
    std::unique_ptr<sqlite3, closer> handle_;
};

// Bound as a BLOB where a string would be bound as TEXT.
struct bytes {
    std::string_view value;
};

// The end of the range of texts that begin with `prefix`: no UTF-8 has the byte 0xff.
inline std::string behind_prefix(std::string_view prefix) {
    return std::string{prefix} + '\xff';
}

// A prepared statement. Bound text must live until the statement was run or reset.
class statement {
  public:
    statement(connection& c, std::string_view sql);

    // Binds all parameters in order and runs it to its end; for statements without rows.
    template <class... Values>
    void run(const Values&... values) {
        bind(values...);
        const resetter reset{*this};
        while (step()) {
        }
    }
    // Binds all parameters and calls `each(statement&)` per row.
    template <class Each, class... Values>
    void rows(Each&& each, const Values&... values) {
        bind(values...);
        const resetter reset{*this};
        while (step()) {
            each(*this);
        }
    }

    std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
    std::uint64_t position(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    std::string text(int column) const { return std::string(text_view(column)); }
    std::string_view text_view(int column) const;  // valid until the next row
    std::string blob(int column) const;
    std::optional<std::string> optional_text(int column) const;
    std::optional<base::wall_time> optional_time(int column) const;
    base::wall_time time(int column) const { return base::from_unix_ms(integer(column)); }
    // A key that names nothing is stored as -1, which is its bit pattern and one byte long.
    template <class Key>
    Key key(int column) const {
        return Key{static_cast<std::uint32_t>(integer(column))};
    }
    bool is_null(int column) const {
        return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
    }

  private:
    struct resetter {
        statement& s;
        ~resetter();
    };
    struct finalizer {
        void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
    };

    template <class... Values>
    void bind(const Values&... values) {
        int index = 0;
        (check(bind_one(++index, values)), ...);
    }
    int bind_one(int i, std::int64_t v) { return sqlite3_bind_int64(handle_.get(), i, v); }
    int bind_one(int i, std::uint64_t v) { return bind_one(i, static_cast<std::int64_t>(v)); }
    int bind_one(int i, std::uint32_t v) { return bind_one(i, std::int64_t{v}); }
    int bind_one(int i, std::uint8_t v) { return bind_one(i, std::int64_t{v}); }
    int bind_one(int i, bool v) { return bind_one(i, std::int64_t{v}); }
    int bind_one(int i, std::string_view v);
    int bind_one(int i, bytes v);
    int bind_one(int i, const std::string& v) { return bind_one(i, std::string_view{v}); }
    int bind_one(int i, base::wall_time v) { return bind_one(i, base::unix_ms(v)); }
    template <class Tag>
    int bind_one(int i, base::key<Tag> v) {
        return bind_one(i, static_cast<std::int64_t>(static_cast<std::int32_t>(v.value)));
    }
    template <class T>
    int bind_one(int i, const std::optional<T>& v) {
        return v ? bind_one(i, *v) : sqlite3_bind_null(handle_.get(), i);
    }
    void check(int code) const;
    bool step();

    connection* connection_;
    std::unique_ptr<sqlite3_stmt, finalizer> handle_;
};

}  // namespace porchlight::storage::sqlite
