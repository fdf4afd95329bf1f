#pragma once

#include <string>
#include <vector>

#include "client_api/rooms/event_format.h"
#include "client_api/sync/answer.h"
#include "client_api/sync/plan.h"
#include "client_api/sync/room_summary.h"
#include "client_api/sync/timeline.h"

// One room of a /sync answer. Cold pool; throws ports::store_error.
namespace porchlight::client_api {

// `"!id":{...}` of a joined, invited or left room. False, and nothing written: nothing is new.
// `before` puts the comma where one is needed.
struct section_writer {
    answer_text& out;
    const sync_plan& plan;
    ports::store_reader& store;

    bool joined(const room_plan& r, const std::vector<const ports::account_data_row*>& data,
                item_separator& before);
    bool invited(const room_plan& r, item_separator& before);
    bool knocked(const room_plan& r, item_separator& before);
    bool left(const room_plan& r, item_separator& before);

  private:
    struct stretch {
        timeline events;
        state_map state;
        bool full = false;  // the state is whole
    };
    stretch read(const room_plan& r, std::uint64_t after, std::uint64_t up_to, bool full,
                 bool check_visibility);
    void add_lazy_members(const room_plan& r, stretch& s);
    bool write_stripped(const room_plan& r, std::string_view section, item_separator& before);
    std::vector<ports::receipt_row> receipts_of(const room_plan& r, bool newly);
    bool shows_state(const room_plan& r, const stretch& s) const;
    void write_ephemeral(const std::vector<std::string>* typing,
                         std::vector<ports::receipt_row> receipts);
    void write_events(const std::vector<ports::event_row>& rows, bool with_previous);
    void write_timeline(const stretch& s);
    void write_state(const room_plan& r, const stretch& s);
    event_reader reader() const;
    void begin(const room_plan& r, item_separator& before);
};

}  // namespace porchlight::client_api
