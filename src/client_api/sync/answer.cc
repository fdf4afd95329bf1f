#include "client_api/sync/answer.h"

#include <boost/json/object.hpp>
#include <boost/json/serializer.hpp>

#include "base/assert.h"

namespace porchlight::client_api {

namespace json = boost::json;

namespace {

json::object receipt_event(const std::vector<ports::receipt_row>& rows, const std::string& room_id,
                           const homeserver::accounts& names) {
    json::object content;
    for (const ports::receipt_row& row : rows) {
        json::value& of_event = content[row.event_id];
        if (!of_event.is_object()) {
            of_event.emplace_object();
        }
        json::value& of_type = of_event.get_object()[row.type];
        if (!of_type.is_object()) {
            of_type.emplace_object();
        }
        of_type.get_object()[names.user_id(row.user)] = json::object{{"ts", unix_ms(row.ts)}};
    }
    json::object event{{"type", "m.receipt"}};
    if (!room_id.empty()) {
        event["room_id"] = room_id;
    }
    event["content"] = std::move(content);
    return event;
}

}  // namespace

void answer_text::receipts(std::vector<ports::receipt_row> rows, std::string room_id) {
    ASSERT(!rows.empty());
    holes_.push_back({text_.size(), std::move(rows), std::move(room_id)});
}

std::string answer_text::finish(const homeserver::accounts& names) && {
    if (holes_.empty()) {
        return std::move(text_);
    }
    std::string whole;
    std::size_t done = 0;
    for (const hole& h : holes_) {
        whole.append(text_, done, h.at - done);
        append_json(whole, receipt_event(h.rows, h.room_id, names));
        done = h.at;
    }
    whole.append(text_, done);
    return whole;
}

void append_json(std::string& out, const json::object& value) {
    json::serializer s;
    s.reset(&value);
    char buffer[4096];
    while (!s.done()) {
        const auto piece = s.read(buffer);
        out.append(piece.data(), piece.size());
    }
}

void append_typing(std::string& out, const std::vector<std::string>& user_ids,
                   std::string_view room_id) {
    out.append(R"({"type":"m.typing")");
    if (!room_id.empty()) {
        out.append(R"(,"room_id":)");
        matrix::append_json_string(out, room_id);
    }
    out.append(R"(,"content":{"user_ids":[)");
    item_separator separator{out};
    for (const std::string& id : user_ids) {
        separator.next();
        matrix::append_json_string(out, id);
    }
    out.append("]}}");
}

void append_account_data(std::string& out, const ports::account_data_row& row) {
    out.append(R"({"type":)");
    matrix::append_json_string(out, row.type);
    out.append(R"(,"content":)");
    out.append(row.content);
    out += '}';
}

std::vector<ports::receipt_row> read_receipts(ports::store_reader& store, base::room_key room,
                                              std::uint64_t after, std::uint64_t up_to,
                                              base::user_key reader) {
    auto rows = store.receipts(room, after);
    std::erase_if(rows, [up_to, reader](const ports::receipt_row& r) {
        return r.position > up_to || (r.type == "m.read.private" && r.user != reader);
    });
    return rows;
}

}  // namespace porchlight::client_api
