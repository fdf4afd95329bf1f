#pragma once

#include <span>

#include "ports/store.h"
#include "storage/sqlite/connection.h"

namespace porchlight::storage::sqlite {

// The committing side: one read-write connection with its statements prepared once.
class writer {
  public:
    // REQUIRES: `c` is migrated and outlives this.
    explicit writer(connection& c);
    // As ports::store::commit.
    void commit(std::span<const ports::write_set> sets, bool durable);

  private:
    void apply(const ports::account_row& r);
    void apply(const ports::profile_row& r);
    void apply(const ports::device_row& r);
    void apply(const ports::device_removal& r);
    void apply(const ports::filter_row& r);
    void apply(const ports::account_data_row& r);
    void apply(const ports::room_row& r);
    void apply(const ports::event_row& r);
    void apply(const ports::membership_row& r);
    void apply(const ports::alias_row& r);
    void apply(const ports::alias_removal& r);
    void apply(const ports::receipt_row& r);
    void apply(const ports::transaction_row& r);
    void apply(const ports::status_row& r);
    void apply(const ports::presence_row& r);
    void apply(const ports::loss_row& r);
    void apply(const ports::loss_removal& r);
    void apply(const ports::meta_row& r);
    void apply(const ports::redaction& r);
    void apply(const ports::name_row& r);
    void apply(const ports::name_removal& r);
    void apply(const ports::list_entry_row& r);
    void apply(const ports::list_entry_removal& r);
    void apply(const ports::consent_row& r);
    void apply(const ports::consent_removal& r);
    void apply(const ports::block_row& r);
    void apply(const ports::block_removal& r);
    void apply(const ports::policy_row& r);
    void apply(const ports::to_device_row& r);
    void apply(const ports::to_device_removal& r);
    void apply(const ports::document_row& r);
    void apply(const ports::document_removal& r);
    void apply(const ports::media_row& r);
    void apply(const ports::media_removal& r);
    void apply(const ports::list_message_row& r);
    void apply(const ports::list_message_removal& r);
    void sync_commits(bool wanted);

    connection& connection_;
    std::optional<bool> syncs_;  // what PRAGMA synchronous was last set to
    statement begin_, commit_;
    statement account_, profile_, device_, device_gone_, device_answers_gone_, filter_,
        account_data_, room_, event_, membership_, alias_, alias_gone_, receipt_, answered_,
        answered_old_, status_, presence_, loss_, loss_gone_, meta_, redaction_, name_, name_gone_,
        list_entry_, list_entry_gone_, consent_, consent_gone_, block_, block_gone_, policy_,
        to_device_, to_device_gone_, document_, document_gone_, documents_gone_, media_,
        media_gone_, presence_gone_, status_gone_, profile_gone_, list_message_, list_message_gone_;
};

}  // namespace porchlight::storage::sqlite
