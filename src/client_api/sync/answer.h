#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "homeserver/accounts.h"
#include "matrix/json.h"
#include "ports/store.h"

namespace porchlight::client_api {

// A JSON text on its way from the cold pool to the deciding thread, which alone knows the names of
// those who sent receipts: they are joined in there.
class answer_text {
  public:
    std::string& text() { return text_; }
    // An m.receipt event here. REQUIRES: `rows` not empty. `room_id` empty: not told.
    void receipts(std::vector<ports::receipt_row> rows, std::string room_id);
    // Deciding thread.
    std::string finish(const homeserver::accounts& names) &&;

  private:
    struct hole {
        std::size_t at;  // in text_
        std::vector<ports::receipt_row> rows;
        std::string room_id;
    };
    std::string text_;
    std::vector<hole> holes_;
};

// Commas between the items of one list or object.
class item_separator {
  public:
    explicit item_separator(std::string& out) : out_(out) {}
    void next() {
        if (!first_) {
            out_ += ',';
        }
        first_ = false;
    }
    bool empty() const { return first_; }

  private:
    std::string& out_;
    bool first_ = true;
};

void append_json(std::string& out, const boost::json::object& value);
// {"type":"m.typing","room_id"?:...,"content":{"user_ids":[...]}}
void append_typing(std::string& out, const std::vector<std::string>& user_ids,
                   std::string_view room_id);
// {"type":...,"content":...}
void append_account_data(std::string& out, const ports::account_data_row& row);

// Receipts with position in (after, up_to] that `reader` may see: of the private ones their own.
std::vector<ports::receipt_row> read_receipts(ports::store_reader& store, base::room_key room,
                                              std::uint64_t after, std::uint64_t up_to,
                                              base::user_key reader);

}  // namespace porchlight::client_api
