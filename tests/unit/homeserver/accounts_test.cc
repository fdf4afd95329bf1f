#include "homeserver/accounts.h"
#include "homeserver/name_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "homeserver/passwords.h"
#include "matrix/identifier.h"
#include "support/house_bench.h"

namespace porchlight::homeserver {
namespace {

using matrix::errc;

struct accounts_test : testing::Test {
    outcome<login_result> sign_up(const std::string& localpart, bool inhibit_login = false) {
        return bench.wait<login_result>([&](auto done) {
            bench.accounts.register_account(localpart, "pw-" + localpart, {}, inhibit_login,
                                            std::move(done));
        });
    }
    outcome<login_result> log_in(const std::string& user, const std::string& password,
                                 device_wish device = {}) {
        return bench.wait<login_result>(
            [&](auto done) { bench.accounts.login(user, password, device, std::move(done)); });
    }
    std::optional<caller> who(const std::string& token) {
        return bench.accounts.authenticate(hash_token(token));
    }
    bool right(user_key u, const std::string& password) {
        return bench
            .wait<bool>(
                [&](auto done) { bench.accounts.check_password(u, password, std::move(done)); })
            .value();
    }
    presence::view self(user_key u) { return *bench.engine.look(u, u, bench.clock.at); }
    test::house_bench bench;
};

// --- registration ---

TEST_F(accounts_test, a_new_account_has_a_device_and_was_active) {
    const auto r = sign_up("alice").value();
    EXPECT_EQ(r.user_id, "@alice:porch.test");
    EXPECT_EQ(r.who.user, user_key{0});
    EXPECT_EQ(who(r.access_token)->device, r.who.device);
    EXPECT_TRUE(r.access_token.starts_with("plt_"));
    EXPECT_EQ(r.access_token.size(), 44u);
    EXPECT_EQ(r.device_id.size(), 10u);
    EXPECT_TRUE(std::all_of(r.device_id.begin(), r.device_id.end(),
                            [](char c) { return c >= 'A' && c <= 'Z'; }));
    EXPECT_EQ(self(r.who.user).last_active, bench.clock.at.wall);
    EXPECT_EQ(sign_up("bob").value().who.user, user_key{1}) << "keys are dense";
}

TEST_F(accounts_test, are_found_by_the_beginning_of_their_ids_piece_by_piece) {
    for (const char* name : {"alice", "bob", "alina"}) {
        ASSERT_TRUE(sign_up(name));
    }
    bench.accounts.names().hold("@alien:elsewhere.test");  // no account
    const auto all = bench.accounts.starting_with("@ali", user_key{0}, 100, 100);
    EXPECT_EQ(all.users, (std::vector{user_key{0}, user_key{2}}));
    EXPECT_FALSE(all.next.valid());
    const auto part = bench.accounts.starting_with("@ali", user_key{0}, 2, 100);
    EXPECT_EQ(part.users, std::vector{user_key{0}});
    EXPECT_EQ(part.next, user_key{2});
    EXPECT_EQ(bench.accounts.starting_with("@ali", part.next, 100, 100).users,
              std::vector{user_key{2}});
    EXPECT_EQ(bench.accounts.starting_with("@ali", user_key{0}, 100, 1).users.size(), 1U);
}

TEST_F(accounts_test, nobody_sees_an_account_before_its_commit) {
    bench.log_device.held = true;
    bool done = false;
    bench.accounts.register_account("alice", "pw", {}, false,
                                    [&](outcome<login_result> r) { done = r.has_value(); });
    bench.settle();
    EXPECT_FALSE(done);
    EXPECT_FALSE(bench.accounts.find("@alice:porch.test"));
    EXPECT_FALSE(bench.accounts.is_free("@alice:porch.test"));
    bench.log_device.held = false;
    bench.settle();
    EXPECT_TRUE(done);
    EXPECT_TRUE(bench.accounts.find("@alice:porch.test"));
}

TEST_F(accounts_test, a_name_is_reserved_while_its_registration_is_on_its_way) {
    std::vector<outcome<login_result>> got;
    for (int i = 0; i < 3; ++i) {
        bench.accounts.register_account("alice", "pw", {}, false,
                                        [&](outcome<login_result> r) { got.push_back(r); });
    }
    bench.settle();
    ASSERT_EQ(got.size(), 3u);
    EXPECT_EQ(std::count_if(got.begin(), got.end(), [](auto& r) { return r.has_value(); }), 1);
    EXPECT_EQ(got.front().error().code, errc::user_in_use);
}

TEST_F(accounts_test, a_registration_that_failed_leaves_nothing_behind) {
    bench.store->refuse_commits(true);
    EXPECT_EQ(sign_up("alice").error().code, errc::unavailable);
    EXPECT_FALSE(bench.accounts.find("@alice:porch.test"));
    bench.store->refuse_commits(false);
    EXPECT_EQ(sign_up("alice").value().who.user, user_key{0}) << "the key was not lost";
    bench.cold.full = true;
    EXPECT_EQ(sign_up("bob").error().code, errc::unavailable);
    bench.cold.full = false;
    EXPECT_TRUE(sign_up("bob"));
    bench.log_device.full = true;
    EXPECT_EQ(sign_up("carol").error().code, errc::unavailable);
    bench.log_device.full = false;
    EXPECT_TRUE(sign_up("carol"));
}

TEST_F(accounts_test, names_follow_the_grammar) {
    EXPECT_EQ(sign_up("Alice").error().code, errc::invalid_username);
    EXPECT_EQ(sign_up(std::string(250, 'a')).error().code, errc::invalid_username);
    const auto made = sign_up("").value();
    EXPECT_TRUE(matrix::parse_user_id(made.user_id)) << made.user_id;
}

TEST_F(accounts_test, passwords_have_a_limit) {
    const std::string most(base::limits::password_bytes_max, 'x');
    EXPECT_EQ(bench
                  .wait<login_result>([&](auto done) {
                      bench.accounts.register_account("a", most + "x", {}, false, std::move(done));
                  })
                  .error()
                  .code,
              errc::invalid_param);
    EXPECT_EQ(log_in("a", most + "x").error().code, errc::invalid_param);
}

TEST_F(accounts_test, registering_without_a_device_is_activity_too) {
    const auto r = sign_up("alice", true).value();
    EXPECT_TRUE(r.access_token.empty());
    EXPECT_TRUE(bench.accounts.devices(r.who.user).empty());
    EXPECT_TRUE(self(r.who.user).last_active);
}

TEST_F(accounts_test, an_account_made_by_the_administrator_was_never_seen) {
    const auto u = bench
                       .wait<user_key>([&](auto done) {
                           bench.accounts.add_account("alice", "secret", std::move(done));
                       })
                       .value();
    EXPECT_FALSE(self(u).last_active);
    EXPECT_TRUE(log_in("alice", "secret"));
    EXPECT_TRUE(self(u).last_active) << "logging in is activity";
}

// --- log-in ---

TEST_F(accounts_test, log_in_takes_a_localpart_or_a_whole_id) {
    const auto u = sign_up("alice")->who.user;
    EXPECT_EQ(log_in("alice", "pw-alice")->who.user, u);
    EXPECT_EQ(log_in("@alice:porch.test", "pw-alice")->who.user, u);
    EXPECT_EQ(bench.accounts.devices(u).size(), 3u);
}

TEST_F(accounts_test, a_wrong_name_and_a_wrong_password_look_alike) {
    ASSERT_TRUE(sign_up("alice"));
    const auto wrong = log_in("alice", "nonsense").error();
    EXPECT_EQ(wrong.code, errc::forbidden);
    for (const auto& [user, password] :
         {std::pair{"bob", "pw-alice"}, std::pair{"@alice:elsewhere.test", "pw-alice"},
          std::pair{"alice", ""}}) {
        const auto r = log_in(user, password);
        ASSERT_FALSE(r);
        EXPECT_EQ(r.error().code, wrong.code);
        EXPECT_EQ(r.error().message, wrong.message);
    }
}

TEST_F(accounts_test, an_unknown_user_costs_a_hash_too) {
    bench.cold.held = true;
    bench.accounts.login("nobody", "pw", {}, [](outcome<login_result>) {});
    EXPECT_EQ(bench.cold.most_waiting, 1u);
    bench.cold.held = false;
    bench.settle();
}

TEST_F(accounts_test, no_more_hashes_run_at_once_than_the_limit_and_too_many_are_refused) {
    bench.cold.held = true;
    int refused = 0;
    const int queued =
        static_cast<int>(base::limits::password_hashes_at_once + base::limits::password_queue_max);
    for (int i = 0; i < queued + 5; ++i) {
        bench.accounts.login("nobody", "pw", {}, [&](outcome<login_result> r) {
            refused += r.error().code == errc::unavailable ? 1 : 0;
        });
    }
    EXPECT_EQ(bench.cold.most_waiting, base::limits::password_hashes_at_once);
    EXPECT_EQ(refused, 5);
    bench.cold.held = false;
    bench.settle();
    EXPECT_EQ(bench.cold.most_waiting, base::limits::password_hashes_at_once);
}

TEST_F(accounts_test, the_same_device_id_replaces_its_token) {
    const auto first = sign_up("alice").value();
    const auto again = log_in("alice", "pw-alice", {first.device_id, ""}).value();
    EXPECT_EQ(again.device_id, first.device_id);
    EXPECT_FALSE(who(first.access_token));
    EXPECT_TRUE(who(again.access_token));
    EXPECT_EQ(again.who.device, first.who.device) << "with all that is kept for it";
    EXPECT_EQ(bench.accounts.devices(again.who.user).size(), 1u);
}

TEST_F(accounts_test, two_log_ins_with_one_device_id_at_once_leave_one_device) {
    const auto u = sign_up("alice")->who.user;
    std::vector<std::string> tokens;
    for (int i = 0; i < 2; ++i) {
        bench.accounts.login("alice", "pw-alice", {"PHONE", "my phone"},
                             [&](outcome<login_result> r) { tokens.push_back(r->access_token); });
    }
    bench.settle();
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_FALSE(who(tokens[0]));
    EXPECT_TRUE(who(tokens[1]));
    EXPECT_EQ(bench.accounts.devices(u).size(), 2u);
    EXPECT_EQ(bench.accounts.device(who(tokens[1])->device).display_name, "my phone");
}

TEST_F(accounts_test, beyond_the_limit_the_oldest_device_is_logged_out) {
    const auto first = sign_up("alice").value();
    for (std::size_t i = 1; i < base::limits::devices_per_user_max; ++i) {
        ASSERT_TRUE(log_in("alice", "pw-alice"));
    }
    EXPECT_TRUE(who(first.access_token));
    ASSERT_TRUE(log_in("alice", "pw-alice"));
    EXPECT_FALSE(who(first.access_token));
    EXPECT_EQ(bench.accounts.devices(first.who.user).size(), base::limits::devices_per_user_max);
}

TEST_F(accounts_test, a_log_in_that_cannot_be_stored_gives_no_token) {
    const auto first = sign_up("alice").value();
    bench.store->refuse_commits(true);
    EXPECT_EQ(log_in("alice", "pw-alice", {first.device_id, ""}).error().code, errc::unavailable);
    EXPECT_TRUE(who(first.access_token)) << "the old token stays";
}

// --- log-out ---

TEST_F(accounts_test, log_out_ends_the_token_once_it_is_durable) {
    const auto r = sign_up("alice").value();
    bench.log_device.held = true;
    bool done = false;
    bench.accounts.logout(r.who, [&](outcome<void> o) { done = o.has_value(); });
    bench.settle();
    EXPECT_TRUE(who(r.access_token));
    bench.log_device.held = false;
    bench.settle();
    EXPECT_TRUE(done);
    EXPECT_FALSE(who(r.access_token));
    EXPECT_FALSE(bench.accounts.exists(r.who.device));
}

TEST_F(accounts_test, log_out_twice_at_once_is_fine) {
    const auto r = sign_up("alice").value();
    int done = 0;
    for (int i = 0; i < 2; ++i) {
        bench.accounts.logout(r.who, [&](outcome<void> o) { done += o.has_value() ? 1 : 0; });
    }
    bench.settle();
    EXPECT_EQ(done, 2);
}

TEST_F(accounts_test, logging_out_takes_the_user_offline) {
    const auto r = sign_up("alice").value();
    presence::put_request online;
    online.asked = presence::state::online;
    ASSERT_TRUE(
        bench.wait<void>([&](auto done) { bench.statuses.put(r.who, online, std::move(done)); }));
    EXPECT_EQ(self(r.who.user).shown, presence::state::online);
    ASSERT_TRUE(
        bench.wait<void>([&](auto done) { bench.accounts.logout(r.who, std::move(done)); }));
    EXPECT_EQ(self(r.who.user).shown, presence::state::offline);
}

TEST_F(accounts_test, log_out_everywhere_ends_all_devices_of_that_user_only) {
    const auto a = sign_up("alice").value();
    const auto a2 = log_in("alice", "pw-alice").value();
    const auto b = sign_up("bob").value();
    ASSERT_TRUE(bench.wait<void>(
        [&](auto done) { bench.accounts.logout_all(a.who.user, std::move(done)); }));
    EXPECT_FALSE(who(a.access_token));
    EXPECT_FALSE(who(a2.access_token));
    EXPECT_TRUE(who(b.access_token));
}

// --- passwords ---

TEST_F(accounts_test, a_changed_password_is_the_only_right_one) {
    const auto a = sign_up("alice").value();
    const auto other = log_in("alice", "pw-alice").value();
    ASSERT_TRUE(bench.wait<void>([&](auto done) {
        bench.accounts.change_password(a.who.user, "new", a.who.device, std::move(done));
    }));
    EXPECT_FALSE(right(a.who.user, "pw-alice"));
    EXPECT_TRUE(right(a.who.user, "new"));
    EXPECT_TRUE(who(a.access_token)) << "the device that changed it stays";
    EXPECT_FALSE(who(other.access_token));
}

TEST_F(accounts_test, a_password_may_change_without_logging_anyone_out) {
    const auto a = sign_up("alice").value();
    ASSERT_TRUE(bench.wait<void>([&](auto done) {
        bench.accounts.change_password_only(a.who.user, "new", std::move(done));
    }));
    EXPECT_TRUE(who(a.access_token));
    EXPECT_TRUE(log_in("alice", "new"));
}

TEST_F(accounts_test, the_store_holds_neither_password_nor_token) {
    const auto a = sign_up("alice").value();
    bench.store->accounts([](ports::account_row&& r) {
        EXPECT_TRUE(r.password_hash.starts_with("$argon2id$")) << r.password_hash;
    });
    bench.store->devices([&](ports::device_row&& r) {
        EXPECT_EQ(r.token_hash.size(), 32u);
        EXPECT_EQ(a.access_token.find(r.token_hash), std::string::npos);
    });
}

// --- deactivation ---

TEST_F(accounts_test, a_deactivated_account_is_gone_for_good) {
    const auto a = sign_up("alice").value();
    ASSERT_TRUE(bench.wait<void>([&](auto done) {
        bench.accounts.set_profile(a.who.user, "Alice", "mxc://a/b", std::move(done));
    }));
    user_key told;
    bench.accounts.on_deactivated([&](user_key u) { told = u; });
    ASSERT_TRUE(bench.wait<void>(
        [&](auto done) { bench.accounts.deactivate(a.who.user, std::move(done)); }));
    EXPECT_EQ(told, a.who.user);
    EXPECT_FALSE(who(a.access_token));
    EXPECT_TRUE(bench.accounts.is_deactivated(a.who.user));
    EXPECT_EQ(bench.accounts.profile(a.who.user).displayname, "");
    EXPECT_EQ(log_in("alice", "pw-alice").error().code, errc::forbidden);
    EXPECT_EQ(sign_up("alice").error().code, errc::user_in_use);
    EXPECT_EQ(bench
                  .wait<void>([&](auto done) {
                      bench.accounts.set_profile(a.who.user, "x", std::nullopt, std::move(done));
                  })
                  .error()
                  .code,
              errc::user_deactivated);
}

// --- profile ---

TEST_F(accounts_test, a_profile_changes_once_it_is_durable_and_is_told_once) {
    const auto u = sign_up("alice")->who.user;
    int told = 0;
    bench.accounts.on_profile_changed([&](user_key) { ++told; });
    const auto set = [&](std::optional<std::string> name, std::optional<std::string> avatar) {
        return bench.wait<void>(
            [&](auto done) { bench.accounts.set_profile(u, name, avatar, std::move(done)); });
    };
    ASSERT_TRUE(set("Alice", std::nullopt));
    ASSERT_TRUE(set(std::nullopt, "mxc://a/b"));
    EXPECT_EQ(bench.accounts.profile(u).displayname, "Alice");
    EXPECT_EQ(bench.accounts.profile(u).avatar_url, "mxc://a/b");
    EXPECT_EQ(told, 2);
    const auto commits = bench.log_device.durable_commits;
    ASSERT_TRUE(set("Alice", "mxc://a/b"));
    EXPECT_EQ(told, 2);
    EXPECT_EQ(bench.log_device.durable_commits, commits) << "nothing changed, nothing written";
    bench.store->refuse_commits(true);
    EXPECT_EQ(set("Eve", std::nullopt).error().code, errc::unavailable);
    EXPECT_EQ(bench.accounts.profile(u).displayname, "Alice");
}

TEST_F(accounts_test, profile_texts_have_limits) {
    const auto u = sign_up("alice")->who.user;
    const auto code = [&](std::optional<std::string> name, std::optional<std::string> avatar) {
        const auto r = bench.wait<void>(
            [&](auto done) { bench.accounts.set_profile(u, name, avatar, std::move(done)); });
        return r ? static_cast<errc>(-1) : r.error().code;
    };
    using namespace base::limits;
    EXPECT_EQ(code(std::string(displayname_bytes_max, 'x'), std::nullopt), static_cast<errc>(-1));
    EXPECT_EQ(code(std::string(displayname_bytes_max + 1, 'x'), std::nullopt), errc::invalid_param);
    EXPECT_EQ(code(std::nullopt, std::string(avatar_url_bytes_max + 1, 'x')), errc::invalid_param);
}

// --- filters ---

TEST_F(accounts_test, filters_are_numbered_from_0_and_the_same_text_is_one_filter) {
    const auto u = sign_up("alice")->who.user;
    const auto add = [&](const std::string& text) {
        return bench
            .wait<std::uint32_t>(
                [&](auto done) { bench.accounts.add_filter(u, text, std::move(done)); })
            .value();
    };
    EXPECT_EQ(add("{}"), 0u);
    EXPECT_EQ(add(R"({"a":1})"), 1u);
    EXPECT_EQ(add("{}"), 0u);
    const auto read = [&](std::uint32_t id) {
        return bench.wait<std::shared_ptr<const std::string>>(
            [&](auto done) { bench.accounts.filter(u, id, std::move(done)); });
    };
    EXPECT_EQ(**read(1), R"({"a":1})");
    EXPECT_EQ(read(2).error().code, errc::not_found);
    bench.cold.full = true;
    EXPECT_EQ(**read(1), R"({"a":1})") << "read before: no need of the store";
    EXPECT_EQ(read(0).error().code, errc::unavailable);
}

TEST_F(accounts_test, filters_have_limits) {
    const auto u = sign_up("alice")->who.user;
    std::vector<outcome<std::uint32_t>> got;
    for (std::size_t i = 0; i <= base::limits::filters_per_user_max; ++i) {
        bench.accounts.add_filter(u, std::to_string(i),
                                  [&](outcome<std::uint32_t> r) { got.push_back(r); });
    }
    bench.settle();
    ASSERT_EQ(got.size(), base::limits::filters_per_user_max + 1);
    EXPECT_TRUE(got[base::limits::filters_per_user_max - 1]);
    EXPECT_EQ(got.back().error().code, errc::resource_limit);
    EXPECT_EQ(bench
                  .wait<std::uint32_t>([&](auto done) {
                      bench.accounts.add_filter(
                          u, std::string(base::limits::filter_bytes_max + 1, ' '), std::move(done));
                  })
                  .error()
                  .code,
              errc::invalid_param);
}

// --- restart ---

TEST(accounts_restart, everything_acknowledged_is_there) {
    auto store = std::make_shared<storage::memory_store>();
    login_result a, gone;
    {
        test::house_bench before(store);
        a = before.sign_up("alice");
        gone = before.sign_up("gone");
        ASSERT_TRUE(before.wait<void>([&](auto done) {
            before.accounts.set_profile(a.who.user, "Alice", std::nullopt, std::move(done));
        }));
        ASSERT_TRUE(before.wait<void>(
            [&](auto done) { before.accounts.deactivate(gone.who.user, std::move(done)); }));
    }
    test::house_bench after(store);
    EXPECT_EQ(after.accounts.count(), 2u);
    EXPECT_EQ(after.accounts.find("@alice:porch.test"), a.who.user);
    EXPECT_EQ(after.accounts.authenticate(hash_token(a.access_token))->device, a.who.device);
    EXPECT_EQ(after.accounts.device(a.who.device).device_id, a.device_id);
    EXPECT_EQ(after.accounts.profile(a.who.user).displayname, "Alice");
    EXPECT_TRUE(after.accounts.is_deactivated(gone.who.user));
    EXPECT_FALSE(after.accounts.is_free("@gone:porch.test"));
    const auto next = after.sign_up("bob");
    EXPECT_EQ(next.who.user, user_key{2});
    EXPECT_GT(next.who.device, gone.who.device)
        << "the key of a device that is gone is not used again";
}

}  // namespace
}  // namespace porchlight::homeserver
