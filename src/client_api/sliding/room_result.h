#pragma once

#include <set>
#include <string>
#include <vector>

#include "client_api/rooms/event_format.h"
#include "client_api/sliding/matching.h"
#include "client_api/sync/answer.h"
#include "client_api/sync/timeline.h"

namespace porchlight::client_api::sliding {

// `"!id":{...}` of the rooms of an answer. Cold pool; throws ports::store_error.
class result_writer {
  public:
    result_writer(std::string& out, const plan& p, user_data& data, ports::store_reader& store)
        : out_(out), plan_(p), data_(data), store_(store) {}

    // False, and nothing written: the client knows all of it. `known` becomes what it knows after
    // the answer.
    bool write(const matched_room& m, item_separator& before, sent_room& known);

  private:
    // What there is to tell of a room the user is or was joined to.
    struct news {
        bool initial = false;
        bool expanded = false;  // the timeline reaches further back than what was told
        bool widened = false;   // more state is asked for
        bool events = false;
        std::uint64_t from = 0, up_to = 0;  // new: positions in (from, up_to]
        timeline shown;
        state_map whole;    // all state; empty unless needed
        state_map changes;  // of state, in (from, up_to]
        bool members_changed = false;
    };
    bool joined(const matched_room& m, item_separator& before, sent_room& known);
    bool stripped(const matched_room& m, item_separator& before, sent_room& known);
    void read(const matched_room& m, news& n);
    state_map required(const matched_room& m, news& n);
    void add_lazy_members(const matched_room& m, news& n, state_map& state);
    std::uint64_t bump_stamp(const matched_room& m, const news& n);
    bool is_widened(const matched_room& m);
    event_reader reader() const;

    void begin(const matched_room& m, item_separator& before);
    void write_name(const news& n);
    void write_summary(const news& n, bool has_name);
    void write_events(const std::vector<ports::event_row>& rows, bool with_previous);
    void write_timeline(const news& n);
    void write_unread(const matched_room& m);

    std::string& out_;
    const plan& plan_;
    user_data& data_;
    ports::store_reader& store_;
};

}  // namespace porchlight::client_api::sliding
