#include <gtest/gtest.h>

#include <fstream>

#include "server/command_loop.h"
#include "server/house.h"
#include "support/house_bench.h"
#include "unit/storage/temporary_folder.h"

// From a data folder to a house that serves.
namespace porchlight::server {
namespace {

using base::room_key;
using base::user_key;
using namespace ports;

// One run of the server's inside on a data folder, without sockets.
struct run {
    explicit run(const std::filesystem::path& data, const std::string& boot = "boot 1",
                 const std::string& name = "localhost") {
        settings.data = data.string();
        settings.homeserver.server_name = name;
        home = std::make_unique<house>(settings, loop, cold, clock, random, boot);
        home->engine_ptr->ready(clock.at);
        home->engine_ptr->turn(clock.at);
    }
    void stop() {
        loop.post([this] {
            home->engine_ptr->drain(clock.at);
            home->close([this] { loop.stop(); });
        });
        loop.run();
        home.reset();
    }

    config settings;
    test::hand_clock clock;
    test::hand_pool cold;
    test::seeded_random random;
    command_loop loop{clock};
    std::unique_ptr<house> home;
};

void fill(const std::filesystem::path& data, std::uint32_t users) {
    std::filesystem::create_directories(data);
    storage::sqlite_store store(storage::sqlite_settings{data / "porchlight.db"});
    write_set set;
    for (std::uint32_t u = 0; u < users; ++u) {
        const base::wall_time seen = base::from_unix_ms(1'600'000'000'000 + u);
        set.push_back(
            account_row{user_key{u}, "@u" + std::to_string(u) + ":localhost", "", seen, false});
        set.push_back(presence_row{user_key{u}, 0, seen, 1 + u});
        if (u % 20 == 0) {
            set.push_back(room_row{room_key{u / 20}, "!r" + std::to_string(u) + ":localhost", "10",
                                   false, 1});
        }
        set.push_back(
            membership_row{user_key{u}, room_key{u / 20}, membership::join, 1 + u, 1, false});
    }
    store.commit({&set, 1}, true);
}

TEST(start_up, a_media_folder_that_cannot_be_made_is_named) {
    const storage::testing::temporary_folder where;
    std::filesystem::create_directories(where / "data");
    std::ofstream(where / "data" / "media") << "a file";
    try {
        run r(where / "data");
        FAIL() << "started";
    } catch (const start_error& e) {
        EXPECT_NE(e.message.find("media.folder"), std::string::npos) << e.message;
    }
}

TEST(start_up, a_server_without_accounts_may_get_another_name_and_one_with_them_may_not) {
    const storage::testing::temporary_folder folder;
    const auto data = folder / "data";
    const auto start_as = [&](const std::string& name) {
        run r(data, "boot 1", name);
        r.stop();
    };
    start_as("localhost");
    start_as("porch.test");
    fill(data, 1);
    start_as("porch.test");
    try {
        start_as("porch.example");
        FAIL() << "started";
    } catch (const start_error& e) {
        EXPECT_EQ(e.message, "server.name is porch.example, but the data in " + data.string() +
                                 " belongs to porch.test; give that name or another folder");
    }
}

using rows = std::vector<std::tuple<std::uint32_t, int, base::wall_time, std::uint64_t>>;

rows presences_in(const std::filesystem::path& data) {
    storage::sqlite_store store(storage::sqlite_settings{data / "porchlight.db"});
    rows found;
    store.presences([&](presence_row&& r) {
        found.emplace_back(r.user.value, r.state, r.last_active.value(), r.changed);
    });
    return found;
}

TEST(start_up, offline_users_take_no_live_record_no_timer_and_no_write) {
    constexpr std::uint32_t users = 400;
    const storage::testing::temporary_folder folder;
    const auto data = folder / "data";
    fill(data, users);
    const rows before = presences_in(data);
    {
        run r(data);
        EXPECT_EQ(r.home->accounts->count(), users);
        EXPECT_EQ(r.home->engine_ptr->statistics().users_known, users);
        EXPECT_EQ(r.home->engine_ptr->statistics().rooms, users / 20);
        EXPECT_EQ(r.home->engine_ptr->statistics().users_live, 0U);
        EXPECT_EQ(r.home->engine_ptr->next_turn(), std::nullopt);
        EXPECT_TRUE(r.home->engine_ptr->may_see(user_key{0}, user_key{19}));
        EXPECT_FALSE(r.home->engine_ptr->may_see(user_key{0}, user_key{20}));
        EXPECT_EQ(r.home->engine_ptr->look(user_key{0}, user_key{19}, r.clock.at)->last_active,
                  base::from_unix_ms(1'600'000'000'019));
        r.stop();
    }
    EXPECT_EQ(presences_in(data), before);
    EXPECT_TRUE(storage::dirty_file(data / "dirty").dirty().empty());
}

// Alice's token of a moment at which Bob was seen online, though the disk does not know of it.
engine::token see_bob_online(run& r) {
    engine::engine& e = *r.home->engine_ptr;
    e.put(user_key{1}, base::device_key{1}, {.asked = presence::state::online}, r.clock.at);
    e.turn(r.clock.at);
    return e.current_token();
}

std::size_t told_since(run& r, engine::token t) {
    std::size_t told = 0;
    r.home->on_deliver = [&](std::unique_ptr<engine::batch> b) { told = b->deliveries[0].count; };
    engine::poll p;
    p.user = user_key{0};
    p.device = base::device_key{0};
    p.since = t;
    p.marks.marks = false;
    r.home->engine_ptr->open(std::move(p), r.clock.at);
    r.home->engine_ptr->turn(r.clock.at);
    return told;
}

TEST(start_up, a_token_of_the_second_that_a_power_loss_took_hears_of_everybody) {
    const storage::testing::temporary_folder folder;
    const auto data = folder / "data";
    fill(data, 20);
    engine::token t;
    {
        run r(data);
        t = see_bob_online(r);
    }                                                 // not stopped: nothing was saved
    std::filesystem::resize_file(data / "dirty", 0);  // nor was the file of dirty users synced
    {
        run killed(data);
        EXPECT_EQ(told_since(killed, t), 0U) << "with the dirty file it would be one";
    }
    {
        run dark(data, "boot 2");
        EXPECT_EQ(told_since(dark, t), 20U);
    }
    {
        run killed(data, "boot 2");
        EXPECT_EQ(told_since(killed, t), 20U) << "that power failed is not forgotten";
        EXPECT_EQ(told_since(killed, killed.home->engine_ptr->current_token()), 0U);
    }
}

}  // namespace
}  // namespace porchlight::server
