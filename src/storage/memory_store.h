#pragma once

#include <memory>

#include "ports/store.h"

namespace porchlight::storage {

// Everything in maps under one mutex, gone with the process: for tests, the simulator and trials.
// Keeps the rules of the SQLite adapter (what is unique, all or nothing), as the conformance suite
// shows. Tests may derive from it. Thread-safe. A callback of a read may read again on the same
// thread, but not commit.
class memory_store : public ports::store {
  public:
    memory_store();
    ~memory_store() override;

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

    void commit(std::span<const ports::write_set> sets, bool durable) override;

    // While true each commit fails as on a full disk and changes nothing. Any thread.
    void refuse_commits(bool refuse);

  private:
    struct tables;
    std::unique_ptr<tables> tables_;
};

}  // namespace porchlight::storage
