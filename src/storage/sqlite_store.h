#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ports/store.h"

namespace porchlight::storage {

struct sqlite_settings {
    std::filesystem::path path;  // of the database file; its folder must exist
    std::string vfs = {};        // SQLite's name of the file layer; empty: the system's
    // Pages of log between checkpoints. About 40 MB: each one stalls the store thread, and pages
    // written often (presence) are then copied once instead of often.
    int checkpoint_pages = 10'000;
};

// The durable store in one SQLite file (WAL). One connection commits; reads use read-only
// connections of their own, so they are thread-safe and never wait for a commit.
//
// 1. A commit is all or nothing. With `durable` it is synced when commit returns; without, it is
//    written to the log and synced by the next durable one: a power loss keeps a prefix of commits.
// 2. A failed commit throws store_error and leaves the store usable: the next one works again as
//    soon as the disk does.
// 3. The file belongs to one process at a time (an advisory lock on `<path>.lock`).
//
// Text is stored as given; positions up to 2^63 - 1. A callback of a read may read again.
class sqlite_store final : public ports::store {
  public:
    // Creates the file when there is none, migrates an older one. Throws store_error with a
    // sentence for people when it cannot be opened, is in use, is no database, belongs to another
    // application or comes from a newer Porchlight.
    explicit sqlite_store(const sqlite_settings& s);
    ~sqlite_store() override;

    void accounts(base::unique_function<void(ports::account_row&&)> each) override;
    void account_names(base::unique_function<void(const ports::account_name&)> each) override;
    std::uint32_t user_bound() override;
    std::optional<ports::account_row> account(base::user_key user) override;
    void profiles(base::unique_function<void(ports::profile_row&&)> each) override;
    void devices(base::unique_function<void(ports::device_row&&)> each) override;
    void rooms(base::unique_function<void(ports::room_row&&)> each) override;
    void memberships(base::unique_function<void(ports::membership_row&&)> each) override;
    void aliases(base::unique_function<void(ports::alias_row&&)> each) override;
    void statuses(base::unique_function<void(ports::status_row&&)> each) override;
    void presences(base::unique_function<void(ports::presence_row&&)> each) override;
    void losses(base::unique_function<void(ports::loss_row&&)> each) override;
    void names(base::unique_function<void(ports::name_row&&)> each) override;
    void list_messages(base::unique_function<void(ports::list_message_row&&)> each) override;
    void list_entries(base::unique_function<void(ports::list_entry_row&&)> each) override;
    void consents(base::unique_function<void(ports::consent_row&&)> each) override;
    void blocks(base::unique_function<void(ports::block_row&&)> each) override;
    void policies(base::unique_function<void(ports::policy_row&&)> each) override;
    void to_device_positions(
        base::unique_function<void(base::device_key, std::uint64_t)> each) override;
    std::optional<std::string> meta(std::string_view name) override;
    std::uint64_t last_position() override;
    std::vector<ports::event_row> events(const ports::event_query& q) override;
    std::optional<ports::event_row> event(std::string_view event_id) override;
    std::vector<ports::event_row> state_at(base::room_key room, std::uint64_t at,
                                           bool members) override;
    std::optional<ports::event_row> state_event_at(base::room_key room, std::string_view type,
                                                   std::string_view state_key,
                                                   std::uint64_t at) override;
    std::vector<ports::account_data_row> account_data(base::user_key user,
                                                      std::uint64_t after) override;
    std::vector<ports::receipt_row> receipts(base::room_key room, std::uint64_t after) override;
    std::vector<ports::to_device_row> to_device(base::device_key device, std::uint64_t after,
                                                std::uint64_t up_to, std::size_t limit) override;
    std::optional<ports::document_row> document(base::user_key user, std::string_view kind,
                                                std::string_view key) override;
    std::vector<ports::document_row> documents(const ports::document_query& q) override;
    std::uint64_t document_count(base::user_key user, std::string_view kind,
                                 std::string_view prefix) override;
    void documents_of_kind(std::string_view kind,
                           base::unique_function<void(ports::document_row&&)> each) override;
    std::optional<ports::media_row> media(std::string_view media_id) override;
    ports::media_use media_used(base::user_key user) override;
    std::optional<std::string> filter(base::user_key user, std::uint32_t filter) override;
    std::uint32_t filter_count(base::user_key user) override;
    std::optional<std::string> transaction(base::device_key device, std::string_view kind,
                                           std::string_view txn_id) override;

    // One thread at a time (the store thread).
    void commit(std::span<const ports::write_set> sets, bool durable) override;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::storage
