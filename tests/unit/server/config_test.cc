#include "server/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace porchlight::server {
namespace {

using namespace std::chrono_literals;

std::string mistake(std::string_view key, std::string_view value) {
    config c;
    const auto r = set_key(c, key, value);
    return r.has_error() ? r.error().message : "accepted";
}

TEST(config, durations_are_read_with_their_unit) {
    config c;
    ASSERT_TRUE(set_key(c, "presence.idle_timeout", "250ms").has_value());
    EXPECT_EQ(c.engine.presence.idle_timeout, 250ms);
    ASSERT_TRUE(set_key(c, "presence.idle_timeout", "5m").has_value());
    EXPECT_EQ(c.engine.presence.idle_timeout, 5min);
    ASSERT_TRUE(set_key(c, "presence.idle_timeout", "\"2h\"").has_value());
    EXPECT_EQ(c.engine.presence.idle_timeout, 2h);
    ASSERT_TRUE(set_key(c, "presence.idle_timeout", "0").has_value());
    EXPECT_EQ(c.engine.presence.idle_timeout, 0ms);
}

TEST(config, lists_have_a_default_answer_and_quotas) {
    config c;
    EXPECT_EQ(c.homeserver.auto_accept, presence::auto_accept::never);
    ASSERT_TRUE(set_key(c, "lists.auto_accept", "same_server").has_value());
    EXPECT_EQ(c.homeserver.auto_accept, presence::auto_accept::same_server);
    EXPECT_NE(
        mistake("lists.auto_accept", "always").find("never, contacts, same_server or everyone"),
        std::string::npos);
    for (const char* key :
         {"lists.invites_at_once", "lists.invites_per_hour", "lists.incoming_max"}) {
        EXPECT_TRUE(set_key(c, key, "20").has_value()) << key;
        EXPECT_NE(mistake(key, "0").find("a whole number from 1 to"), std::string::npos) << key;
    }
}

TEST(config, federation_is_on_and_keeps_out_of_the_own_network) {
    config c;
    EXPECT_TRUE(c.federation.inbound && c.federation.outbound);
    EXPECT_TRUE(c.federation_verify_certificates);
    EXPECT_FALSE(c.federation_allow_private_addresses);
    ASSERT_TRUE(set_key(c, "federation.inbound", "false").has_value());
    ASSERT_TRUE(set_key(c, "federation.outbound", "false").has_value());
    EXPECT_FALSE(c.federation.inbound || c.federation.outbound);
    ASSERT_TRUE(set_key(c, "federation.verify_certificates", "false").has_value());
    EXPECT_FALSE(c.federation_verify_certificates);
    ASSERT_TRUE(set_key(c, "federation.signing_key", "/etc/porchlight/key").has_value());
    EXPECT_EQ(c.signing_key, "/etc/porchlight/key");
    ASSERT_TRUE(set_key(c, "federation.dns_servers", "\"192.0.2.53:53\"").has_value());
    EXPECT_EQ(c.federation_dns_servers, "192.0.2.53:53");
    ASSERT_TRUE(set_key(c, "federation.deny", R"(["*.evil.org", "x"])").has_value());
    EXPECT_EQ(c.federation.deny.size(), 2U);
    EXPECT_TRUE(set_key(c, "federation.push_window", "2m").has_error());
    ASSERT_TRUE(set_key(c, "federation.well_known_server", "no name").has_value());
    EXPECT_NE(validate(c).error().message.find("federation.well_known_server can't be"),
              std::string::npos);
}

TEST(config, the_admin_api_has_keys_of_its_own) {
    config c;
    EXPECT_TRUE(c.admin_enabled);
    ASSERT_TRUE(set_key(c, "admin.enabled", "false").has_value());
    EXPECT_FALSE(c.admin_enabled);
    ASSERT_TRUE(set_key(c, "admin.listen", "127.0.0.1:8009").has_value());
    EXPECT_EQ(c.admin_listen, "127.0.0.1:8009");
    ASSERT_TRUE(set_key(c, "admin.token_file", "/etc/porchlight/admin_token").has_value());
    EXPECT_EQ(c.admin_token_file, "/etc/porchlight/admin_token");
}

TEST(config, a_duration_without_unit_is_refused_and_nothing_changes) {
    config c;
    const auto before = c.engine.presence.offline_grace;
    EXPECT_TRUE(set_key(c, "presence.offline_grace", "30").has_error());
    EXPECT_TRUE(set_key(c, "presence.offline_grace", "-5s").has_error());
    EXPECT_TRUE(set_key(c, "presence.offline_grace", "2h").has_error());
    EXPECT_EQ(c.engine.presence.offline_grace, before);
}

TEST(config, a_mistake_names_key_value_and_what_is_allowed) {
    EXPECT_EQ(mistake("presence.rooms", "some"),
              "presence.rooms can't be some; allowed: all, not_public or none");
    EXPECT_EQ(mistake("rate_limits.enabled", "no"),
              "rate_limits.enabled can't be no; allowed: true or false");
}

TEST(config, an_unknown_key_names_its_nearest_neighbour) {
    EXPECT_EQ(mistake("presence.idle_timout", "5m"),
              "there is no key presence.idle_timout; did you mean presence.idle_timeout? "
              "`porchlight config` lists all keys");
}

TEST(config, plain_words_are_strings_and_lists_are_toml) {
    config c;
    ASSERT_TRUE(set_key(c, "server.name", "example.org").has_value());
    EXPECT_EQ(c.homeserver.server_name, "example.org");
    ASSERT_TRUE(set_key(c, "server.listen", R"(["127.0.0.1:0", "[::1]:8008"])").has_value());
    EXPECT_EQ(c.listen, (std::vector<std::string>{"127.0.0.1:0", "[::1]:8008"}));
    ASSERT_TRUE(set_key(c, "server.listen", "127.0.0.1:9").has_value());
    EXPECT_EQ(c.listen, std::vector<std::string>{"127.0.0.1:9"});
}

TEST(config, argon2_goes_down_to_the_library_minimum) {
    config c;
    ASSERT_TRUE(set_key(c, "accounts.argon2_memory", "8KiB").has_value());
    EXPECT_EQ(c.homeserver.argon2_memory, 8192U);
    ASSERT_TRUE(set_key(c, "accounts.argon2_memory", "19MiB").has_value());
    EXPECT_EQ(c.homeserver.argon2_memory, 19U << 20);
    EXPECT_TRUE(set_key(c, "accounts.argon2_memory", "8191").has_error());
    ASSERT_TRUE(set_key(c, "media.upload_bytes_max", "32MiB").has_value());
    EXPECT_EQ(c.homeserver.media.upload_bytes_max, 32U << 20);
    EXPECT_TRUE(set_key(c, "media.upload_bytes_max", "33MiB").has_error());
    EXPECT_TRUE(set_key(c, "media.upload_bytes_max", "1000").has_error());
    ASSERT_TRUE(set_key(c, "media.user_bytes_max", "5GiB").has_value());
    EXPECT_EQ(c.homeserver.media.user_bytes_max, std::uint64_t{5} << 30);
    ASSERT_TRUE(set_key(c, "media.user_count_max", "0").has_value());
    EXPECT_EQ(c.homeserver.media.user_count_max, 0U);
    ASSERT_TRUE(set_key(c, "media.legacy_reading", "true").has_value());
    EXPECT_TRUE(c.homeserver.media.legacy_reading);
    ASSERT_TRUE(set_key(c, "media.folder", "/srv/media").has_value());
    EXPECT_EQ(c.media_folder, "/srv/media");
    ASSERT_TRUE(set_key(c, "accounts.argon2_ops", "1").has_value());
    EXPECT_TRUE(set_key(c, "accounts.argon2_ops", "0").has_error());
    ASSERT_TRUE(set_key(c, "accounts.access_token_lifetime", "30m").has_value());
    EXPECT_EQ(c.homeserver.access_token_lifetime, std::chrono::minutes{30});
    EXPECT_TRUE(set_key(c, "accounts.access_token_lifetime", "30s").has_error());
}

TEST(config, each_value_lands_where_it_is_used) {
    config c;
    const auto set = [&](std::string_view key, std::string_view value) {
        const auto r = set_key(c, key, value);
        EXPECT_TRUE(r.has_value()) << (r.has_error() ? r.error().message : "");
    };
    set("server.data", "/var/lib/porchlight");
    EXPECT_EQ(c.data, "/var/lib/porchlight");
    set("server.listen_tls", R"(["[::]:8448"])");
    EXPECT_EQ(c.listen_tls, std::vector<std::string>{"[::]:8448"});
    set("server.tls_cert", "cert.pem");
    set("server.tls_key", "key.pem");
    EXPECT_EQ(c.tls_cert + c.tls_key, "cert.pemkey.pem");
    set("server.trusted_proxies", R"(["10.0.0.0/8"])");
    EXPECT_EQ(c.trusted_proxies, std::vector<std::string>{"10.0.0.0/8"});
    set("server.threads", "3");
    EXPECT_EQ(c.threads, 3);
    set("server.public_base_url", "https://porch.example");
    EXPECT_EQ(c.client_api.public_base_url, "https://porch.example");
    set("server.metrics", "nobody");
    EXPECT_EQ(c.metrics, metrics_for::nobody);
    set("server.page", "false");
    EXPECT_FALSE(c.page);
    set("presence.enabled", "false");
    EXPECT_FALSE(c.engine.enabled);
    set("presence.window", "1s");
    EXPECT_EQ(c.engine.window, 1s);
    set("presence.restart_spread", "2s");
    EXPECT_EQ(c.engine.restart_spread, 2s);
    set("presence.active_window", "90s");
    EXPECT_EQ(c.engine.presence.active_window, 90s);
    set("presence.room_members_max", "500");
    EXPECT_EQ(c.engine.room_members_max, 500U);
    set("presence.exclude_rooms", R"(["!a:porch.test"])");
    EXPECT_EQ(c.presence_exclude_rooms, std::vector<std::string>{"!a:porch.test"});
    set("presence.busy", "false");
    EXPECT_FALSE(c.client_api.busy_enabled);
    set("presence.typing_is_activity", "false");
    EXPECT_FALSE(c.homeserver.typing_is_activity);
    set("sync.timeout_max", "90s");
    EXPECT_EQ(c.client_api.sync_timeout_max, 90s);
    set("accounts.registration", "token");
    EXPECT_EQ(c.homeserver.registration_mode, homeserver::registration::token);
    set("accounts.registration_token", "knock-knock");
    EXPECT_EQ(c.homeserver.registration_token, "knock-knock");
    set("accounts.profile_needs_token", "true");
    EXPECT_TRUE(c.homeserver.profile_needs_token);
    set("log.level", "warn");
    EXPECT_EQ(c.log.least, base::log::level::warn);
    set("log.format", "json");
    EXPECT_TRUE(c.log.json);
}

// The handbook's table is that of the program; tools/docs/configuration writes it.
TEST(configuration_page, has_the_table_of_the_keys) {
    std::ifstream file(std::string(PORCHLIGHT_TESTS_DIR) + "/../docs/configuration.md");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    const auto begin = page.find("| key |");
    ASSERT_NE(begin, std::string::npos);
    EXPECT_EQ(page.substr(begin), print_config_table());
}

// The file it begins with is one that the server takes.
TEST(configuration_page, begins_with_a_file_that_works) {
    std::ifstream file(std::string(PORCHLIGHT_TESTS_DIR) + "/../docs/configuration.md");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    const auto begin = page.find("```toml\n");
    ASSERT_NE(begin, std::string::npos);
    const auto text = page.substr(begin + 8, page.find("```", begin + 8) - begin - 8);
    const std::string path = testing::TempDir() + "porchlight-page.toml";
    std::ofstream(path) << text;
    config c;
    const auto r = load_toml(c, path);
    EXPECT_TRUE(r.has_value()) << (r.has_error() ? r.error().message : "");
    EXPECT_TRUE(validate(c).has_value());
    EXPECT_EQ(c.homeserver.server_name, "example.org");
    EXPECT_EQ(c.homeserver.registration_mode, homeserver::registration::token);
}

// Every key: its own shown default can be set again and changes nothing; nonsense is refused unless
// the key takes any text.
class every_key : public testing::TestWithParam<const config_key*> {};

TEST_P(every_key, shows_what_it_reads) {
    const config_key& k = *GetParam();
    config c;
    const std::string shown = k.show(c);
    ASSERT_TRUE(set_key(c, k.name, shown).has_value()) << shown;
    EXPECT_EQ(k.show(c), shown);
    EXPECT_FALSE(k.meaning.empty());
    EXPECT_FALSE(k.allowed.empty());
    EXPECT_NE(print_config(c).find("\n" + std::string(k.name.substr(k.name.find('.') + 1)) + " = "),
              std::string::npos);
}

std::vector<const config_key*> all_keys() {
    std::vector<const config_key*> keys;
    for (const config_key& k : config_keys()) {
        keys.push_back(&k);
    }
    return keys;
}

INSTANTIATE_TEST_SUITE_P(config, every_key, testing::ValuesIn(all_keys()), [](const auto& key) {
    std::string name{key.param->name};
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
});

TEST(config, a_file_is_read_and_its_mistakes_name_file_and_line) {
    const std::string path = testing::TempDir() + "porchlight_config_test.toml";
    std::ofstream(path) << "[presence]\nidle_timeout = \"3m\"\nrooms = \"none\"\n";
    config c;
    ASSERT_TRUE(load_toml(c, path).has_value());
    EXPECT_EQ(c.engine.presence.idle_timeout, 3min);
    EXPECT_EQ(c.engine.rooms, engine::rooms_policy::none);

    std::ofstream(path) << "[presence]\n\nwindow = true\n";
    const auto wrong = load_toml(c, path);
    ASSERT_TRUE(wrong.has_error());
    EXPECT_NE(wrong.error().message.find("line 3: presence.window can't be true"),
              std::string::npos)
        << wrong.error().message;
    std::remove(path.c_str());
    EXPECT_TRUE(load_toml(c, path).has_error());
}

TEST(config, relations_between_keys_are_checked) {
    config c;
    EXPECT_TRUE(validate(c).has_value());
    c.listen_tls = {"127.0.0.1:8448"};
    EXPECT_TRUE(validate(c).has_error());
    c.tls_cert = "cert.pem";
    c.tls_key = "key.pem";
    EXPECT_TRUE(validate(c).has_value());
    c.homeserver.server_name = "not a name";
    EXPECT_TRUE(validate(c).has_error());
}

TEST(config, a_registration_token_is_not_printed) {
    config c;
    c.homeserver.registration_token = "porch-secret";
    EXPECT_EQ(print_config(c).find("porch-secret"), std::string::npos);
}

}  // namespace
}  // namespace porchlight::server
