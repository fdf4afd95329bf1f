#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ports/store.h"
#include "storage/sqlite/connection.h"

namespace porchlight::storage::sqlite {

// Every question the store is asked. The text of each is in reader.cc.
enum class query : std::uint8_t {
    accounts,
    account_names,
    user_bound,
    account,
    profiles,
    devices,
    rooms,
    memberships,
    aliases,
    statuses,
    presences,
    losses,
    names,
    list_messages,
    list_entries,
    consents,
    blocks,
    policies,
    to_device_positions,
    meta,
    last_position,
    events,
    events_newest_first,
    state_events,
    state_events_newest_first,
    event,
    state_at,
    state_at_without_members,
    state_event_at,
    account_data,
    receipts,
    to_device,
    document,
    documents,
    document_count,
    documents_of_kind,
    media,
    media_used,
    filter,
    filter_count,
    transaction,
};
inline constexpr std::size_t query_count = static_cast<std::size_t>(query::transaction) + 1;
std::string_view text_of(query q);

// A read-only connection and its statements, each prepared at its first use. One thread at a time.
class reader {
  public:
    reader(const std::string& path, const std::string& vfs);

    template <class Each, class... Values>
    void rows(query q, Each&& each, const Values&... values) {
        prepared(q).rows(std::forward<Each>(each), values...);
    }

    void drop_cache() { sqlite3_db_release_memory(connection_.handle()); }

  private:
    statement& prepared(query q);

    connection connection_;
    std::array<std::optional<statement>, query_count> statements_;
};

}  // namespace porchlight::storage::sqlite
