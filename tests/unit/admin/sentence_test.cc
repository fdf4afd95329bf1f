#include "admin/sentence.h"

#include <gtest/gtest.h>

// The English of an explanation.
namespace porchlight::admin {
namespace {

using namespace std::chrono_literals;
using engine::explanation;
using presence::state;

constexpr base::wall_time now = base::from_unix_ms(1'700'000'000'000);

explanation known_user() {
    explanation x;
    x.known = true;
    return x;
}

explanation::device device(state counts_as) {
    explanation::device d;
    d.key = base::device_key{1};
    d.asked = d.counts_as = counts_as;
    return d;
}

std::string say(const explanation& x, std::size_t elsewhere = 0) {
    sentence_facts f{.user_id = "@alice:porch.test",
                     .device_ids = {},
                     .observers_elsewhere = elsewhere,
                     .now = now};
    for (std::size_t i = 0; i < x.devices.size(); ++i) {
        f.device_ids.push_back(x.devices[i].key.valid() ? "PHONE" + std::to_string(i) : "");
    }
    return sentence(x, f);
}

TEST(sentence, says_of_whom_nothing_is_there_that_nobody_sees_them) {
    EXPECT_EQ(say(known_user()),
              "@alice:porch.test is offline: no device is there. Never active. Seen by nobody: no "
              "shared room counts, and nobody was accepted on a list.");
}

TEST(sentence, says_which_device_makes_online_and_until_when) {
    auto x = known_user();
    x.aggregate = state::online;
    x.devices = {device(state::online)};
    x.devices[0].streams = 1;
    x.devices[0].idle_at = now + 4min + 30s;
    x.last_active = now - 30s;
    x.currently_active = true;
    x.rooms_counting = 3;
    x.seen_by = {.total = 12, .by_rooms = 10, .by_lists = 4};
    EXPECT_EQ(
        say(x),
        "@alice:porch.test is online: device PHONE0 counts as online, having a stream open; "
        "unavailable in 4 min 30 s unless there is activity. Currently active. Seen by 12: 10 "
        "through 3 rooms, 4 through lists.");
}

TEST(sentence, says_what_still_counts_without_a_stream) {
    auto x = known_user();
    x.aggregate = state::online;
    x.devices = {device(state::online), device(state::busy)};
    x.devices[0].grace_until = now + 12s;
    x.devices[1].put_until = now + 3min;
    x.last_active = now - 2h;
    const auto said = say(x);
    EXPECT_NE(said.find("device PHONE0 counts as online though its stream ended, for another 12 s"),
              std::string::npos)
        << said;
    EXPECT_NE(said.find("device PHONE1 counts as busy without a stream, by its PUT, for another 3 "
                        "min"),
              std::string::npos)
        << said;
    EXPECT_NE(said.find("Last active 2 h ago."), std::string::npos) << said;
}

TEST(sentence, tells_idling_by_the_server_from_that_of_the_device) {
    auto x = known_user();
    x.aggregate = state::unavailable;
    x.devices = {device(state::unavailable), device(state::online)};
    x.devices[0].asked = state::online;
    x.devices[0].streams = 2;
    x.devices[0].idle_at = now - 10min;
    x.devices[1].streams = 1;
    x.devices[1].believed = true;
    const auto said = say(x);
    EXPECT_NE(said.find("having 2 streams open; without activity since it idled 10 min ago"),
              std::string::npos)
        << said;
    EXPECT_NE(said.find("having a stream open; when it is idle it says itself"), std::string::npos)
        << said;
}

TEST(sentence, says_that_a_user_hides_and_never_the_text) {
    auto x = known_user();
    x.hidden = true;
    x.aggregate = state::online;
    x.text_bytes = 12;
    x.text_expires = now + 1h;
    x.last_active = now - 5s;
    const auto said = say(x);
    EXPECT_NE(said.find("is hidden: offline to others, online in truth"), std::string::npos)
        << said;
    EXPECT_NE(
        said.find("Last active 5 s ago, with a status text of 12 bytes that stays for another "
                  "1 h."),
        std::string::npos)
        << said;
}

TEST(sentence, says_who_chose_to_be_seen_by_whom) {
    auto x = known_user();
    x.visibility = presence::user_visibility::nobody;
    EXPECT_NE(say(x).find("Seen by nobody, as the user chose."), std::string::npos);
    x.visibility = presence::user_visibility::lists_only;
    EXPECT_NE(say(x).find("only presence lists count, as the user chose"), std::string::npos);
    x.seen_by = {.total = 2, .by_lists = 2};
    EXPECT_NE(say(x).find("Seen by 2: none through rooms, as the user chose, 2 through lists."),
              std::string::npos)
        << say(x);
}

TEST(sentence, counts_the_blocked_those_elsewhere_and_what_it_did_not_count) {
    auto x = known_user();
    x.rooms_counting = 1;
    x.seen_by = {.total = 9, .by_rooms = 9, .by_lists = 0, .blocked = 1, .at_least = true};
    EXPECT_NE(say(x, 2).find("Seen by at least 11: 9 through 1 room, 0 through lists, 2 on other "
                             "servers; 1 of them is blocked and sees what was shown then."),
              std::string::npos)
        << say(x, 2);
}

TEST(sentence, says_why_everybody_or_somebody_is_offline_for_good) {
    auto x = known_user();
    x.deactivated = true;
    EXPECT_NE(say(x).find("is deactivated, and offline for good."), std::string::npos);
    x.enabled = false;
    EXPECT_NE(say(x).find("since presence is switched off."), std::string::npos);
}

TEST(sentence, says_of_users_elsewhere_who_knows) {
    auto x = known_user();
    x.remote = true;
    x.aggregate = state::busy;
    EXPECT_NE(say(x).find("is busy, as their own server says."), std::string::npos);
}

TEST(sentence, names_devices_of_before_a_restart_and_those_that_asked_to_be_offline) {
    auto x = known_user();
    x.aggregate = state::online;
    x.devices = {device(state::online), device(state::offline), device(state::offline)};
    x.devices[0].key = {};
    x.devices[0].streams = 1;
    x.devices[2].asked = state::online;
    x.devices[2].silent_streams = 1;
    const auto said = say(x);
    EXPECT_NE(said.find("a device of before the restart counts as online"), std::string::npos);
    EXPECT_NE(said.find("device PHONE1 asked to be offline;"), std::string::npos) << said;
    EXPECT_NE(said.find("does not count any more (its stream says set_presence=offline)"),
              std::string::npos)
        << said;
}

}  // namespace
}  // namespace porchlight::admin
