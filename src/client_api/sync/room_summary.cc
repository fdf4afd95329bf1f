#include "client_api/sync/room_summary.h"

#include "client_api/sync/answer.h"

namespace porchlight::client_api {

void append_summary(std::string& out, const homeserver::room_population& p) {
    out.append(R"({"m.heroes":[)");
    item_separator separator{out};
    for (const std::string& id : p.heroes) {
        separator.next();
        matrix::append_json_string(out, id);
    }
    out.append(R"(],"m.joined_member_count":)").append(std::to_string(p.joined));
    out.append(R"(,"m.invited_member_count":)").append(std::to_string(p.invited));
    out += '}';
}

}  // namespace porchlight::client_api
