#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/limits.h"
#include "unit/storage/adapters.h"
#include "unit/storage/rows.h"

// What every adapter of ports/store.h must do, in one suite for all of them.
namespace porchlight::storage {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TYPED_TEST_SUITE(store_conformance, adapters, adapter_name);

TYPED_TEST(store_conformance, an_empty_store_answers_every_question) {
    store& s = *this->store_;
    EXPECT_THAT(all(s, &store_reader::accounts), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::profiles), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::devices), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::rooms), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::memberships), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::aliases), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::statuses), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::presences), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::losses), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::names), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::list_entries), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::consents), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::blocks), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::policies), IsEmpty());
    EXPECT_THAT(letters(s), IsEmpty());
    EXPECT_THAT(s.to_device(device_key{1}, 0, 9, 9), IsEmpty());
    EXPECT_EQ(s.document(user_key{1}, "note", "a"), std::nullopt);
    EXPECT_THAT(s.documents({user_key{1}, "note"}), IsEmpty());
    EXPECT_EQ(s.document_count(user_key{1}, "note", ""), 0U);
    EXPECT_EQ(s.media("m"), std::nullopt);
    EXPECT_EQ(s.media_used(user_key{1}).count, 0U);
    EXPECT_EQ(s.meta("server_name"), std::nullopt);
    EXPECT_EQ(s.last_position(), 0U);
    EXPECT_THAT(s.events({.room = room_key{1}}), IsEmpty());
    EXPECT_EQ(s.event("$e1"), std::nullopt);
    EXPECT_THAT(s.state_at(room_key{1}, 9, true), IsEmpty());
    EXPECT_EQ(s.state_event_at(room_key{1}, "m.room.name", "", 9), std::nullopt);
    EXPECT_THAT(s.account_data(user_key{1}, 0), IsEmpty());
    EXPECT_THAT(s.receipts(room_key{1}, 0), IsEmpty());
    EXPECT_EQ(s.filter(user_key{1}, 0), std::nullopt);
    EXPECT_EQ(s.filter_count(user_key{1}), 0U);
    EXPECT_EQ(s.transaction(device_key{1}, "send", "t"), std::nullopt);
}

TYPED_TEST(store_conformance, accounts_come_by_user_and_a_later_write_replaces) {
    auto gone = account(0, "@old:here");
    gone.deactivated = true;
    gone.password_hash = "";
    commit(*this->store_, {account(7, "@b:here"), account(0, "@old:here")});
    commit(*this->store_, {gone});
    EXPECT_THAT(all(this->reopened(), &store_reader::accounts),
                ElementsAre(gone, account(7, "@b:here")));
    EXPECT_EQ(this->store_->account(user_key{7}), account(7, "@b:here"));
    EXPECT_EQ(this->store_->account(user_key{0}), gone);
    EXPECT_EQ(this->store_->account(user_key{8}), std::nullopt);
}

TYPED_TEST(store_conformance, names_of_accounts_come_by_user) {
    EXPECT_EQ(this->store_->user_bound(), 0U);
    auto gone = account(3, "@gone:here");
    gone.deactivated = true;
    const account_row other = account(7, "@b:here");
    commit(*this->store_, {other, gone});
    auto& store = this->reopened();
    std::vector<std::tuple<std::uint32_t, std::string, base::wall_time, bool>> found;
    store.account_names([&](const account_name& n) {
        found.emplace_back(n.user.value, n.user_id, n.created, n.deactivated);
    });
    EXPECT_THAT(found, ElementsAre(std::tuple{3U, "@gone:here", gone.created, true},
                                   std::tuple{7U, "@b:here", other.created, false}));
    EXPECT_EQ(store.user_bound(), 8U);
}

TYPED_TEST(store_conformance, a_user_id_belongs_to_one_user_for_ever) {
    commit(*this->store_, {account(1, "@a:here")});
    EXPECT_THROW(commit(*this->store_, {account(2, "@a:here")}), store_error);
    EXPECT_THROW(commit(*this->store_, {account(2, "@b:here"), account(2, "@a:here")}),
                 store_error);
    EXPECT_THAT(all(this->reopened(), &store_reader::accounts), ElementsAre(account(1, "@a:here")));
}

TYPED_TEST(store_conformance, profiles) {
    const profile_row alice{user_key{1}, "Alice \U0001F4A1", "mxc://here/a"};
    const profile_row bob{user_key{2}, "", ""};
    commit(*this->store_, {profile_row{user_key{1}, "A", ""}, bob, alice});
    EXPECT_THAT(all(this->reopened(), &store_reader::profiles), ElementsAre(alice, bob));
}

TYPED_TEST(store_conformance, devices_with_any_bytes_as_token) {
    const std::string token{"\0\xff\x80 32 bytes of BLAKE2b, any of \0", 32};
    device_row renamed = device(3, 1, token);
    renamed.display_name = "laptop";
    commit(*this->store_, {device(3, 1, token), device(4, 1), device(5, 2)});
    commit(*this->store_, {device_removal{device_key{4}}, device_removal{device_key{99}}, renamed});
    EXPECT_THAT(all(this->reopened(), &store_reader::devices), ElementsAre(renamed, device(5, 2)));
}

TYPED_TEST(store_conformance, a_token_opens_one_device) {
    commit(*this->store_, {device(1, 1, "secret")});
    EXPECT_THROW(commit(*this->store_, {device(2, 2, "secret")}), store_error);
    commit(*this->store_, {device_removal{device_key{1}}, device(2, 2, "secret")});
    EXPECT_THAT(all(this->reopened(), &store_reader::devices), ElementsAre(device(2, 2, "secret")));
}

TYPED_TEST(store_conformance, a_replaced_token_is_free_again) {
    commit(*this->store_, {device(1, 1, "first")});
    commit(*this->store_, {device(1, 1, "second")});
    commit(*this->store_, {device(2, 1, "first")});
    EXPECT_THROW(commit(*this->store_, {device(3, 1, "second")}), store_error);
}

TYPED_TEST(store_conformance, filters_are_counted_per_user) {
    commit(*this->store_, {filter_row{user_key{1}, 0, "{}"}, filter_row{user_key{1}, 1, "[1]"},
                           filter_row{user_key{2}, 0, R"({"a":1})"}});
    store& s = this->reopened();
    EXPECT_EQ(s.filter(user_key{1}, 1), "[1]");
    EXPECT_EQ(s.filter(user_key{2}, 0), R"({"a":1})");
    EXPECT_EQ(s.filter(user_key{2}, 1), std::nullopt);
    EXPECT_EQ(s.filter_count(user_key{1}), 2U);
    EXPECT_EQ(s.filter_count(user_key{2}), 1U);
}

TYPED_TEST(store_conformance, account_data_since_a_position_global_and_of_rooms) {
    const account_data_row global{user_key{1}, room_key{}, "m.direct", R"({"v":2})", 9};
    const account_data_row tags{user_key{1}, room_key{4}, "m.tag", "{}", 6};
    const account_data_row theirs{user_key{2}, room_key{}, "m.direct", "{}", 8};
    auto older = global;
    older.position = 5;
    older.content = R"({"v":1})";
    commit(*this->store_, {older, tags, theirs, global});
    store& s = this->reopened();
    EXPECT_THAT(s.account_data(user_key{1}, 0), ElementsAre(tags, global));
    EXPECT_THAT(s.account_data(user_key{1}, 6), ElementsAre(global));
    EXPECT_THAT(s.account_data(user_key{1}, 9), IsEmpty());
    EXPECT_THAT(s.account_data(user_key{2}, 0), ElementsAre(theirs));
}

TYPED_TEST(store_conformance, rooms_come_by_key) {
    auto grown = room(2);
    grown.member_count = 50;
    grown.is_public = false;
    commit(*this->store_, {room(2), room(1)});
    commit(*this->store_, {grown});
    EXPECT_THAT(all(this->reopened(), &store_reader::rooms), ElementsAre(room(1), grown));
    auto twin = room(3);
    twin.room_id = room(1).room_id;
    EXPECT_THROW(commit(*this->store_, {twin}), store_error);
}

TYPED_TEST(store_conformance, memberships_come_by_room_and_user) {
    auto left = member(1, 9, 30);
    left.state = membership::leave;
    left.forgotten = true;
    commit(*this->store_, {member(2, 1, 12), member(1, 9, 11), member(1, 3, 10)});
    commit(*this->store_, {left});
    EXPECT_THAT(all(this->reopened(), &store_reader::memberships),
                ElementsAre(member(1, 3, 10), left, member(2, 1, 12)));
}

TYPED_TEST(store_conformance, aliases_come_and_go) {
    const alias_row a{"#a:here", room_key{1}, "@alice:here"};
    const alias_row b{"#b:here", room_key{1}, "@bob:here"};
    const alias_row moved{"#a:here", room_key{2}, "@carol:here"};
    commit(*this->store_, {a, b});
    commit(*this->store_, {moved, alias_removal{"#b:here"}, alias_removal{"#none:here"}});
    EXPECT_THAT(all(this->reopened(), &store_reader::aliases), ElementsAre(moved));
}

TYPED_TEST(store_conformance, receipts_since_a_position) {
    const receipt_row read{room_key{1}, user_key{1}, "m.read", "$e5", at(5), 21};
    const receipt_row quiet{room_key{1}, user_key{1}, "m.read.private", "$e6", at(6), 20};
    const receipt_row elsewhere{room_key{2}, user_key{1}, "m.read", "$e7", at(7), 22};
    auto older = read;
    older.event_id = "$e1";
    older.position = 15;
    commit(*this->store_, {older, quiet, elsewhere});
    commit(*this->store_, {read});
    store& s = this->reopened();
    EXPECT_THAT(s.receipts(room_key{1}, 0), ElementsAre(quiet, read));
    EXPECT_THAT(s.receipts(room_key{1}, 20), ElementsAre(read));
    EXPECT_THAT(s.receipts(room_key{1}, 21), IsEmpty());
}

TYPED_TEST(store_conformance, a_transaction_id_belongs_to_its_device_and_kind) {
    const transaction_row sent{device_key{1}, "send/!r:here/m.room.message", "t1", "$e1", at(0)};
    auto redacted = sent;
    redacted.kind = "redact/!r:here";
    redacted.result = "$e2";
    commit(*this->store_, {sent, redacted});
    store& s = this->reopened();
    EXPECT_EQ(s.transaction(device_key{1}, sent.kind, "t1"), "$e1");
    EXPECT_EQ(s.transaction(device_key{1}, redacted.kind, "t1"), "$e2");
    EXPECT_EQ(s.transaction(device_key{2}, sent.kind, "t1"), std::nullopt);
    EXPECT_EQ(s.transaction(device_key{1}, sent.kind, "t2"), std::nullopt);
}

TYPED_TEST(store_conformance, answers_are_kept_for_a_day_and_not_for_ever) {
    const auto sent = [](std::string txn_id, wall_time ts) {
        return transaction_row{device_key{1}, "send", std::move(txn_id), "$", ts};
    };
    commit(*this->store_, {sent("old", at(0)), sent("renewed", at(0))});
    commit(*this->store_, {sent("day", at(24 * 3600)), sent("renewed", at(24 * 3600))});
    EXPECT_NE(this->store_->transaction(device_key{1}, "send", "old"), std::nullopt);
    commit(*this->store_,
           {sent("new", at(0) + base::limits::transaction_age_max + std::chrono::seconds{1})});
    EXPECT_EQ(this->store_->transaction(device_key{1}, "send", "old"), std::nullopt);
    EXPECT_NE(this->store_->transaction(device_key{1}, "send", "renewed"), std::nullopt);
    EXPECT_NE(this->store_->transaction(device_key{1}, "send", "day"), std::nullopt);
}

TYPED_TEST(store_conformance, a_removed_device_takes_its_answers_along) {
    commit(*this->store_, {device(1, 1), transaction_row{device_key{1}, "send", "t", "$1", at(0)},
                           device(2, 1), transaction_row{device_key{2}, "send", "t", "$2", at(0)}});
    commit(*this->store_, {device_removal{device_key{1}}});
    EXPECT_EQ(this->store_->transaction(device_key{1}, "send", "t"), std::nullopt);
    EXPECT_EQ(this->store_->transaction(device_key{2}, "send", "t"), "$2");
}

TYPED_TEST(store_conformance, statuses_with_and_without_optional_parts) {
    const status_row full{
        user_key{1},   "at lunch", at(60), true,
        device_key{5}, "at work",  at(3),  {device_key{0}, device_key{5}, device_key{0xffff'fffe}}};
    const auto plain = [](std::uint32_t user, std::string text) {
        status_row r;
        r.user = user_key{user};
        r.text = std::move(text);
        return r;
    };
    const status_row bare = plain(2, "");
    status_row suppressing = plain(3, "");
    suppressing.suppressed = {device_key{7}};
    commit(*this->store_, {plain(1, "before"), bare, suppressing, full});
    const auto rows = all(this->reopened(), &store_reader::statuses);
    EXPECT_THAT(rows, ElementsAre(full, bare, suppressing));
    EXPECT_FALSE(rows.at(1).hidden_by.valid());
    EXPECT_FALSE(rows.at(1).text_expires.has_value());
}

TYPED_TEST(store_conformance, ten_thousand_presences_in_one_set_last_value_wins) {
    write_set set;
    for (std::uint32_t u = 0; u < 10'000; ++u) {
        set.emplace_back(seen(u, std::uint64_t{u} << 40));
    }
    const presence_row never_seen{user_key{4}, 0, std::nullopt, 5};
    set.emplace_back(never_seen);
    commit(*this->store_, set, false);
    const auto rows = all(*this->store_, &store_reader::presences);
    ASSERT_EQ(rows.size(), 10'000U);
    EXPECT_EQ(rows[4], never_seen);
    EXPECT_EQ(rows[9'999], seen(9'999, std::uint64_t{9'999} << 40));
}

TYPED_TEST(store_conformance, losses_come_by_position) {
    const loss_row first{user_key{9}, user_key{2}, 100, at(1)};
    const loss_row second{user_key{1}, user_key{2}, 200, std::nullopt};
    const loss_row ended{user_key{1}, user_key{3}, 150, at(1)};
    auto earlier = second;
    earlier.position = 50;
    commit(*this->store_, {earlier, ended, first});
    commit(*this->store_, {second, loss_removal{user_key{1}, user_key{3}},
                           loss_removal{user_key{7}, user_key{7}}});
    EXPECT_THAT(all(this->reopened(), &store_reader::losses), ElementsAre(first, second));
}

TYPED_TEST(store_conformance, names_come_by_user_and_go_when_an_account_takes_them) {
    commit(*this->store_,
           {stranger(9, "@z:there"), stranger(3, "@a:there"), stranger(4, "@x:here")});
    commit(*this->store_, {account(4, "@x:here"), name_removal{user_key{4}},
                           name_removal{user_key{77}}, stranger(9, "@zoe:there")});
    EXPECT_THAT(all(this->reopened(), &store_reader::names),
                ElementsAre(stranger(3, "@a:there"), stranger(9, "@zoe:there")));
}

TYPED_TEST(store_conformance, a_name_belongs_to_one_key) {
    commit(*this->store_, {stranger(1, "@a:there")});
    EXPECT_THROW(commit(*this->store_, {stranger(2, "@a:there")}), store_error);
    commit(*this->store_, {name_removal{user_key{1}}, stranger(2, "@a:there")});
    EXPECT_THAT(all(this->reopened(), &store_reader::names), ElementsAre(stranger(2, "@a:there")));
}

TYPED_TEST(store_conformance, list_entries_come_by_observer_and_subject) {
    list_entry_row accepted = entry(1, 7);
    accepted.state = 1;
    accepted.presence_position = 0;
    commit(*this->store_, {entry(2, 1), entry(1, 9), entry(1, 7), entry(1, 3)});
    commit(*this->store_, {accepted, list_entry_removal{user_key{1}, user_key{3}},
                           list_entry_removal{user_key{9}, user_key{1}}});
    EXPECT_THAT(all(this->reopened(), &store_reader::list_entries),
                ElementsAre(accepted, entry(1, 9), entry(2, 1)));
}

TYPED_TEST(store_conformance, consents_come_by_subject_and_observer) {
    consent_row silent = consent(1, 7);
    silent.noticed.reset();
    commit(*this->store_, {consent(2, 1), consent(1, 9), consent(1, 7), consent(1, 3)});
    commit(*this->store_, {silent, consent_removal{user_key{1}, user_key{3}},
                           consent_removal{user_key{9}, user_key{1}}});
    EXPECT_THAT(all(this->reopened(), &store_reader::consents),
                ElementsAre(silent, consent(1, 9), consent(2, 1)));
}

TYPED_TEST(store_conformance, blocks_come_by_subject_and_observer) {
    block_row bare = block(1, 7);
    bare.frozen_text.clear();
    bare.frozen_last_active.reset();
    commit(*this->store_, {block(2, 1), block(1, 9), block(1, 7), block(1, 3)});
    commit(*this->store_, {bare, block_removal{user_key{1}, user_key{3}},
                           block_removal{user_key{9}, user_key{1}}});
    EXPECT_THAT(all(this->reopened(), &store_reader::blocks),
                ElementsAre(bare, block(1, 9), block(2, 1)));
}

TYPED_TEST(store_conformance, policies_with_and_without_an_auto_accept) {
    policy_row of_the_server = policy(1);
    of_the_server.auto_accept.reset();
    policy_row never = policy(2);
    never.auto_accept = std::uint8_t{0};
    commit(*this->store_, {policy(2), policy(1)});
    commit(*this->store_, {never, of_the_server});
    EXPECT_THAT(all(this->reopened(), &store_reader::policies), ElementsAre(of_the_server, never));
}

TYPED_TEST(store_conformance, messages_to_a_device_between_positions_oldest_first) {
    commit(*this->store_, {letter(1, 30), letter(2, 15), letter(1, 10), letter(1, 20)});
    store& s = this->reopened();
    const device_key d{1};
    EXPECT_THAT(s.to_device(d, 0, ~std::uint64_t{0}, 9),
                ElementsAre(letter(1, 10), letter(1, 20), letter(1, 30)));
    EXPECT_THAT(s.to_device(d, 10, 20, 9), ElementsAre(letter(1, 20)));
    EXPECT_THAT(s.to_device(d, 0, 30, 2), ElementsAre(letter(1, 10), letter(1, 20)));
    EXPECT_THAT(s.to_device(d, 30, ~std::uint64_t{0}, 9), IsEmpty());
    EXPECT_THAT(letters(s), ElementsAre(std::pair{d, 10U}, std::pair{d, 20U}, std::pair{d, 30U},
                                        std::pair{device_key{2}, 15U}));
}

TYPED_TEST(store_conformance, messages_to_a_device_are_removed_up_to_a_position) {
    commit(*this->store_, {letter(1, 10), letter(1, 20), letter(1, 30), letter(2, 15)});
    commit(*this->store_,
           {to_device_removal{device_key{1}, 20}, to_device_removal{device_key{3}, 99}});
    EXPECT_THAT(letters(this->reopened()),
                ElementsAre(std::pair{device_key{1}, 30U}, std::pair{device_key{2}, 15U}));
}

TYPED_TEST(store_conformance, a_list_message_is_replaced_by_a_newer_one_of_its_pair_and_direction) {
    store& s = *this->store_;
    commit(s, {list_message("@alice:here", 7), list_message("@alice:here", 3, false),
               list_message("@carol:here", 5), list_message("@alice:here", 9)});
    EXPECT_THAT(all(s, &store_reader::list_messages),
                ElementsAre(list_message("@alice:here", 3, false), list_message("@carol:here", 5),
                            list_message("@alice:here", 9)));
    commit(s, {list_message_removal{"@alice:here", "@bob:there", true, 7},
               list_message_removal{"@carol:here", "@bob:there", true, 5},
               list_message_removal{"@nobody:here", "@bob:there", true, 5}});
    EXPECT_THAT(all(this->reopened(), &store_reader::list_messages),
                ElementsAre(list_message("@alice:here", 3, false), list_message("@alice:here", 9)))
        << "the delivery of an older message takes no newer one along";
}

TYPED_TEST(store_conformance, a_name_goes_with_what_was_kept_of_it) {
    store& s = *this->store_;
    commit(s, {account(1, "@a:here"), stranger(9, "@z:there"), seen(1, 5), seen(9, 5),
               profile_row{user_key{1}, "A", ""}, profile_row{user_key{9}, "Z", ""}, texted(1, "a"),
               texted(9, "z")});
    commit(s, {name_removal{user_key{9}}, name_removal{user_key{1}}});
    EXPECT_THAT(all(s, &store_reader::names), IsEmpty());
    EXPECT_THAT(all(s, &store_reader::presences), ElementsAre(seen(1, 5)))
        << "an account keeps what it has";
    EXPECT_EQ(all(s, &store_reader::profiles).size(), 1U);
    EXPECT_EQ(all(s, &store_reader::statuses).size(), 1U);
}

TYPED_TEST(store_conformance, documents_by_user_kind_and_key) {
    commit(*this->store_, {document(1, "a/2"), document(1, "a/1"), document(1, "b", 7),
                           document(2, "a/1"), document(1, "a/1", 0, "other")});
    document_row newer = document(1, "a/2");
    newer.json = "{}";
    commit(*this->store_, {newer});
    store& s = this->reopened();
    EXPECT_EQ(s.document(user_key{1}, "note", "a/2"), newer);
    EXPECT_EQ(s.document(user_key{1}, "note", "a"), std::nullopt);
    EXPECT_THAT(s.documents({user_key{1}, "note"}),
                ElementsAre(document(1, "a/1"), newer, document(1, "b", 7)));
    EXPECT_THAT(s.documents({user_key{1}, "note", "a/"}), ElementsAre(document(1, "a/1"), newer));
    EXPECT_THAT(s.documents({user_key{1}, "note", "", "a/1", 1}), ElementsAre(newer));
    EXPECT_EQ(s.document_count(user_key{1}, "note", "a/"), 2U);
    EXPECT_EQ(s.document_count(user_key{1}, "note", ""), 3U);
    EXPECT_EQ(s.last_position(), 7U);
    std::vector<document_row> of_the_kind;
    s.documents_of_kind("note", [&](document_row&& d) { of_the_kind.push_back(std::move(d)); });
    EXPECT_THAT(of_the_kind,
                ElementsAre(document(1, "a/1"), newer, document(1, "b", 7), document(2, "a/1")));
}

TYPED_TEST(store_conformance, documents_are_removed_one_by_one_and_by_the_beginning_of_a_key) {
    commit(*this->store_, {document(1, "a"), document(1, "a/1"), document(1, "a/2"),
                           document(1, "b"), document(2, "a/1"), document(1, "a/1", 0, "other")});
    commit(*this->store_, {document_removal{user_key{1}, "note", "b"},
                           document_removal{user_key{1}, "note", "a/", true},
                           document_removal{user_key{9}, "note", "a"}});
    store& s = this->reopened();
    EXPECT_THAT(s.documents({user_key{1}, "note"}), ElementsAre(document(1, "a")));
    EXPECT_THAT(s.documents({user_key{2}, "note"}), ElementsAre(document(2, "a/1")));
    EXPECT_EQ(s.document_count(user_key{1}, "other", ""), 1U);
}

TYPED_TEST(store_conformance, uploads_and_what_each_user_takes) {
    commit(*this->store_, {media("x", 1, 10), media("y", 1, 20), media("z", 2, 5)});
    commit(*this->store_, {media("x", 1, 11), media_removal{"nothing"}});
    store& s = this->reopened();
    EXPECT_EQ(s.media("x"), media("x", 1, 11));
    EXPECT_EQ(s.media_used(user_key{1}).count, 2U);
    EXPECT_EQ(s.media_used(user_key{1}).bytes, 31U);
    commit(s, {media_removal{"y"}});
    EXPECT_EQ(s.media("y"), std::nullopt);
    EXPECT_EQ(this->reopened().media_used(user_key{1}).bytes, 11U);
}

TYPED_TEST(store_conformance, a_removed_device_takes_its_messages_along) {
    commit(*this->store_,
           {device(1, 1), device(2, 1), letter(1, 10), letter(1, 20), letter(2, 15)});
    commit(*this->store_, {device_removal{device_key{1}}});
    EXPECT_THAT(letters(this->reopened()), ElementsAre(std::pair{device_key{2}, 15U}));
}

TYPED_TEST(store_conformance, meta_values_are_replaced_by_name) {
    commit(*this->store_, {named("server_name", "here"), named("clean_stop", "1")});
    commit(*this->store_, {named("clean_stop", "")});
    store& s = this->reopened();
    EXPECT_EQ(s.meta("server_name"), "here");
    EXPECT_EQ(s.meta("clean_stop"), "");
    EXPECT_EQ(s.meta("other"), std::nullopt);
}

TYPED_TEST(store_conformance, events_of_a_room_in_both_directions_between_positions) {
    commit(*this->store_, {message(1, 1), message(2, 2), state(3, 1, "m.room.name"), message(4, 1),
                           message(5, 1)});
    store& s = this->reopened();
    const auto positions = [&](const event_query& q) {
        std::vector<std::uint64_t> found;
        for (const event_row& e : s.events(q)) {
            found.push_back(e.position);
        }
        return found;
    };
    const room_key r{1};
    EXPECT_THAT(positions({.room = r}), ElementsAre(1, 3, 4, 5));
    EXPECT_THAT(positions({.room = r, .after = 1}), ElementsAre(3, 4, 5));
    EXPECT_THAT(positions({.room = r, .up_to = 4}), ElementsAre(1, 3, 4));
    EXPECT_THAT(positions({.room = r, .after = 1, .up_to = 4, .newest_first = true}),
                ElementsAre(4, 3));
    EXPECT_THAT(positions({.room = r, .limit = 2}), ElementsAre(1, 3));
    EXPECT_THAT(positions({.room = r, .newest_first = true, .limit = 2}), ElementsAre(5, 4));
    EXPECT_THAT(positions({.room = r, .limit = 0}), IsEmpty());
    EXPECT_THAT(positions({.room = r, .limit = ~std::size_t{0}}), ElementsAre(1, 3, 4, 5));
    EXPECT_THAT(positions({.room = r, .state_only = true}), ElementsAre(3));
    EXPECT_THAT(positions({.room = r, .newest_first = true, .state_only = true}), ElementsAre(3));
    EXPECT_THAT(s.events({.room = room_key{2}}), ElementsAre(message(2, 2)));
}

TYPED_TEST(store_conformance, an_event_by_its_id_with_every_field) {
    auto odd = state(8, 1, "org.example.\u00e9", "@alice:here");
    odd.json = std::string(70'000, 'x');
    commit(*this->store_, {message(7, 1), odd});
    store& s = this->reopened();
    EXPECT_EQ(s.event("$e7"), message(7, 1));
    EXPECT_EQ(s.event("$e8"), odd);
    EXPECT_EQ(s.event("$E8"), std::nullopt);
}

TYPED_TEST(store_conformance, an_event_is_written_once) {
    commit(*this->store_, {message(1, 1)});
    auto same_id = message(2, 1);
    same_id.event_id = "$e1";
    auto same_position = message(1, 1);
    same_position.event_id = "$other";
    EXPECT_THROW(commit(*this->store_, {same_id}), store_error);
    EXPECT_THROW(commit(*this->store_, {same_position}), store_error);
    EXPECT_THAT(this->store_->events({.room = room_key{1}}), ElementsAre(message(1, 1)));
}

TYPED_TEST(store_conformance, a_redaction_replaces_only_the_json) {
    commit(*this->store_, {message(1, 1), message(2, 1)});
    commit(*this->store_, {redaction{1, R"({"redacted":true})"}, redaction{99, "{}"}});
    auto redacted = message(1, 1);
    redacted.json = R"({"redacted":true})";
    EXPECT_THAT(this->reopened().events({.room = room_key{1}}),
                ElementsAre(redacted, message(2, 1)));
}

TYPED_TEST(store_conformance, the_state_of_a_room_as_it_was) {
    commit(*this->store_, {state(1, 1, "m.room.create"), state(2, 1, "m.room.member", "@a:here"),
                           state(3, 1, "m.room.name"), message(4, 1),
                           state(5, 1, "m.room.member", "@b:here"), state(6, 1, "m.room.name"),
                           state(7, 2, "m.room.name"), state(8, 1, "m.room.member", "@a:here"),
                           state(9, 1, "a.first"), state(10, 1, "m.room.member.not")});
    store& s = this->reopened();
    const auto positions = [&](std::uint64_t at, bool members) {
        std::vector<std::uint64_t> found;
        for (const event_row& e : s.state_at(room_key{1}, at, members)) {
            found.push_back(e.position);
        }
        return found;
    };
    EXPECT_THAT(positions(0, true), IsEmpty());
    EXPECT_THAT(positions(3, true), ElementsAre(1, 2, 3));
    EXPECT_THAT(positions(6, true), ElementsAre(1, 2, 5, 6));
    EXPECT_THAT(positions(6, false), ElementsAre(1, 6));
    EXPECT_THAT(positions(~std::uint64_t{0}, true), ElementsAre(1, 5, 6, 8, 9, 10));
    EXPECT_THAT(positions(~std::uint64_t{0}, false), ElementsAre(1, 6, 9, 10));
}

TYPED_TEST(store_conformance, one_state_event_as_it_was) {
    commit(*this->store_, {state(1, 1, "m.room.name"), state(2, 1, "m.room.member", "@a:here"),
                           state(3, 1, "m.room.name"), state(4, 2, "m.room.name")});
    store& s = this->reopened();
    const room_key r{1};
    EXPECT_EQ(s.state_event_at(r, "m.room.name", "", 2), state(1, 1, "m.room.name"));
    EXPECT_EQ(s.state_event_at(r, "m.room.name", "", ~std::uint64_t{0}),
              state(3, 1, "m.room.name"));
    EXPECT_EQ(s.state_event_at(r, "m.room.name", "", 0), std::nullopt);
    EXPECT_EQ(s.state_event_at(r, "m.room.name", "other", 9), std::nullopt);
    EXPECT_EQ(s.state_event_at(r, "m.room.member", "@a:here", 9),
              state(2, 1, "m.room.member", "@a:here"));
}

TYPED_TEST(store_conformance, the_last_position_is_that_of_any_durable_row) {
    store& s = *this->store_;
    commit(s, {message(3, 1)});
    EXPECT_EQ(s.last_position(), 3U);
    commit(s, {member(1, 1, 5)});
    EXPECT_EQ(s.last_position(), 5U);
    commit(s, {account_data_row{user_key{1}, room_key{}, "t", "{}", 8}});
    EXPECT_EQ(s.last_position(), 8U);
    commit(s, {receipt_row{room_key{1}, user_key{1}, "m.read", "$e3", at(0), 13}});
    EXPECT_EQ(s.last_position(), 13U);
    commit(s, {letter(1, 21)});
    EXPECT_EQ(s.last_position(), 21U);
    commit(s, {list_message("@alice:here", 34)});
    EXPECT_EQ(s.last_position(), 34U);
    commit(s, {seen(1, 1'000'000), loss_row{user_key{1}, user_key{2}, 2'000'000, {}}, entry(1, 2),
               block(1, 2), policy(1)});
    EXPECT_EQ(s.last_position(), 34U) << "presence has positions of its own";
}

TYPED_TEST(store_conformance, a_commit_is_all_or_nothing) {
    store& s = *this->store_;
    commit(s, {account(1, "@a:here"), profile_row{user_key{1}, "A", ""}, message(1, 1),
               member(1, 1, 1), device(1, 1), transaction_row{device_key{1}, "k", "t", "r", at(0)},
               loss_row{user_key{1}, user_key{2}, 1, {}}, named("n", "1"), stranger(9, "@z:there"),
               entry(1, 9), consent(1, 9), block(1, 9), policy(1), letter(1, 1), letter(2, 1),
               document(1, "a"), media("x", 1, 1), list_message("@a:here", 1)});
    const std::vector<write_set> sets = {
        {account(2, "@b:here"),
         profile_row{user_key{1}, "B", ""},
         redaction{1, "{}"},
         member(1, 1, 2),
         member(1, 2, 2),
         message(2, 1),
         device_removal{device_key{1}},
         transaction_row{device_key{2}, "k", "t", "r", at(0)},
         loss_removal{user_key{1}, user_key{2}},
         named("n", "2"),
         named("m", "2"),
         seen(1, 1),
         name_removal{user_key{9}},
         stranger(8, "@z:there"),
         list_entry_removal{user_key{1}, user_key{9}},
         entry(2, 9),
         consent_removal{user_key{1}, user_key{9}},
         consent(2, 9),
         block_removal{user_key{1}, user_key{9}},
         block(2, 9),
         policy(2),
         to_device_removal{device_key{2}, 1},
         letter(2, 2),
         document_removal{user_key{1}, "note", "", true},
         document(2, "a"),
         media_removal{"x"},
         list_message_removal{"@a:here", "@bob:there", true, 1},
         list_message("@b:here", 2),
         media("y", 1, 2)},
        {message(3, 1), account(3, "@a:here")},
    };
    EXPECT_THROW(s.commit(sets, true), store_error);
    store& again = this->reopened();
    EXPECT_THAT(all(again, &store_reader::accounts), ElementsAre(account(1, "@a:here")));
    EXPECT_THAT(all(again, &store_reader::profiles),
                ElementsAre(profile_row{user_key{1}, "A", ""}));
    EXPECT_THAT(again.events({.room = room_key{1}}), ElementsAre(message(1, 1)));
    EXPECT_THAT(all(again, &store_reader::memberships), ElementsAre(member(1, 1, 1)));
    EXPECT_THAT(all(again, &store_reader::devices), ElementsAre(device(1, 1)));
    EXPECT_EQ(again.transaction(device_key{1}, "k", "t"), "r");
    EXPECT_EQ(again.transaction(device_key{2}, "k", "t"), std::nullopt);
    EXPECT_EQ(all(again, &store_reader::losses).size(), 1U);
    EXPECT_THAT(all(again, &store_reader::presences), IsEmpty());
    EXPECT_EQ(again.meta("n"), "1");
    EXPECT_EQ(again.meta("m"), std::nullopt);
    EXPECT_THAT(all(again, &store_reader::names), ElementsAre(stranger(9, "@z:there")));
    EXPECT_THAT(all(again, &store_reader::list_entries), ElementsAre(entry(1, 9)));
    EXPECT_THAT(all(again, &store_reader::consents), ElementsAre(consent(1, 9)));
    EXPECT_THAT(all(again, &store_reader::blocks), ElementsAre(block(1, 9)));
    EXPECT_THAT(all(again, &store_reader::policies), ElementsAre(policy(1)));
    EXPECT_THAT(again.to_device(device_key{1}, 0, 9, 9), ElementsAre(letter(1, 1)));
    EXPECT_THAT(again.to_device(device_key{2}, 0, 9, 9), ElementsAre(letter(2, 1)));
    EXPECT_THAT(again.documents({user_key{1}, "note"}), ElementsAre(document(1, "a")));
    EXPECT_EQ(again.document_count(user_key{2}, "note", ""), 0U);
    EXPECT_EQ(again.media("x"), media("x", 1, 1));
    EXPECT_THAT(all(again, &store_reader::list_messages), ElementsAre(list_message("@a:here", 1)));
    EXPECT_EQ(again.media("y"), std::nullopt);
    commit(again, {account(2, "@b:here"), device(2, 1)});  // and the names are free
}

TYPED_TEST(store_conformance, sets_of_one_commit_apply_in_order) {
    const std::vector<write_set> sets = {{named("n", "1")}, {}, {named("n", "2")}};
    this->store_->commit(sets, true);
    EXPECT_EQ(this->store_->meta("n"), "2");
}

TYPED_TEST(store_conformance, a_callback_may_read_again) {
    commit(*this->store_, {room(1), room(2), message(5, 2)});
    std::size_t events = 0;
    this->store_->rooms([&](room_row&& outer) {
        this->store_->rooms([&](room_row&& inner) {
            if (inner.room == outer.room) {
                events += this->store_->events({.room = inner.room}).size();
            }
        });
    });
    EXPECT_EQ(events, 1U);
}

TYPED_TEST(store_conformance, a_callback_that_throws_leaves_the_store_usable) {
    commit(*this->store_, {room(1), room(2)});
    EXPECT_THROW(this->store_->rooms([](room_row&&) { throw std::runtime_error("enough"); }),
                 std::runtime_error);
    EXPECT_EQ(all(*this->store_, &store_reader::rooms).size(), 2U);
    commit(*this->store_, {room(3)});
}

TYPED_TEST(store_conformance, readers_see_whole_commits_while_another_thread_writes) {
    std::atomic<bool> done = false;
    const auto read = [&] {
        std::size_t least = 0;
        while (!done) {
            const std::size_t seen_now = all(*this->store_, &store_reader::presences).size();
            EXPECT_EQ(seen_now % 10, 0U) << "half a commit";
            EXPECT_GE(seen_now, least) << "a commit vanished";
            least = seen_now;
            const auto events = this->store_->events({.room = room_key{1}, .limit = 1'000});
            EXPECT_GE(events.size() * 10, least);
        }
    };
    std::thread one{read};
    std::thread two{read};
    for (std::uint32_t n = 0; n < 50; ++n) {
        write_set set{message(n + 1, 1)};
        for (std::uint32_t u = 0; u < 10; ++u) {
            set.emplace_back(seen(n * 10 + u, n));
        }
        commit(*this->store_, set, n % 5 == 0);
    }
    done = true;
    one.join();
    two.join();
    EXPECT_EQ(all(*this->store_, &store_reader::presences).size(), 500U);
}

TEST(memory_store, can_be_told_to_refuse) {
    memory_store s;
    s.refuse_commits(true);
    EXPECT_THROW(commit(s, {named("n", "1")}), store_error);
    s.refuse_commits(false);
    EXPECT_EQ(s.meta("n"), std::nullopt);
    commit(s, {named("n", "1")});
    EXPECT_EQ(s.meta("n"), "1");
}

}  // namespace
}  // namespace porchlight::storage
