#include "homeserver/read_marks.h"

#include <boost/json/serialize.hpp>

#include "matrix/json.h"

namespace porchlight::homeserver {
namespace {

namespace json = boost::json;

constexpr std::string_view kind = "read_marks";

std::uint64_t position_in(const json::object& o, std::string_view type) {
    const auto* found = o.if_contains(type);
    const bool known = found != nullptr && found->is_int64() && found->get_int64() > 0;
    return known ? static_cast<std::uint64_t>(found->get_int64()) : 0;
}

}  // namespace

read_marks load_read_marks(ports::store_reader& store, ports::user_key user, ports::room_key room) {
    const auto row = store.document(user, kind, std::to_string(room.value));
    if (!row) {
        return {};
    }
    const auto parsed = matrix::parse_json(row->json);
    if (!parsed || !parsed->is_object()) {
        throw ports::store_error("read marks are stored with damaged JSON");
    }
    return {position_in(parsed->get_object(), "m.read"),
            position_in(parsed->get_object(), "m.read.private")};
}

ports::document_row row_of(const read_marks& marks, ports::user_key user, ports::room_key room) {
    const json::object positions{{"m.read", static_cast<std::int64_t>(marks.open)},
                                 {"m.read.private", static_cast<std::int64_t>(marks.hidden)}};
    return {user, std::string(kind), std::to_string(room.value), json::serialize(positions), 0};
}

}  // namespace porchlight::homeserver
