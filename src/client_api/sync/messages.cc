#include "client_api/sync/messages.h"

#include <algorithm>

#include "base/limits.h"
#include "matrix/json.h"

namespace porchlight::client_api {

namespace limits = base::limits;

std::vector<ports::to_device_row> read_messages(const sync_plan& plan, ports::store_reader& store,
                                                std::size_t limit, engine::token& next) {
    if (!plan.messages_after) {
        return {};
    }
    limit = std::min(limit, limits::to_device_per_response_max);
    auto rows = store.to_device(plan.device, *plan.messages_after, next.durable, limit + 1);
    std::size_t shown = 0, bytes = 0;
    for (; shown < std::min(rows.size(), limit); ++shown) {
        bytes += rows[shown].content.size();
        if (shown != 0 && bytes > limits::to_device_bytes_per_response_max) {
            break;
        }
    }
    if (shown < rows.size()) {
        next.messages = shown == 0 ? *plan.messages_after : rows[shown - 1].position;
        rows.resize(shown);
    }
    return rows;
}

void append_message(std::string& out, const ports::to_device_row& row) {
    out.append(R"({"type":)");
    matrix::append_json_string(out, row.type);
    out.append(R"(,"sender":)");
    matrix::append_json_string(out, row.sender);
    out.append(R"(,"content":)").append(row.content);
    out += '}';
}

}  // namespace porchlight::client_api
