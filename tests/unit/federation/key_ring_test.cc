#include "federation/key_ring.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/limits.h"
#include "support/house_bench.h"

namespace porchlight::federation {
namespace {

using matrix::errc;
using namespace std::chrono_literals;

matrix::signing_key key_of(std::uint8_t seed, const std::string& id = "ed25519:1") {
    std::array<std::uint8_t, 32> bytes{};
    bytes.fill(seed);
    return {id, bytes};
}

// Answers of other servers, by hand.
struct hand_requests final : peer_requests {
    void send(peer_request r, answer done) override {
        asked.push_back(std::move(r));
        waiting.push_back(std::move(done));
    }
    void reply(std::string body, int status = 200) {
        auto done = std::move(waiting.front());
        waiting.pop_front();
        peer_answer a;
        a.status = status;
        a.body = std::move(body);
        done(std::move(a));
    }
    void fail() {
        auto done = std::move(waiting.front());
        waiting.pop_front();
        done(peer_failure{"nothing answers there"});
    }
    std::vector<peer_request> asked;
    std::deque<answer> waiting;
};

struct key_ring_test : testing::Test {
    // The error code of each answer; none: the key.
    void want(const std::string& id = "ed25519:1") {
        ring.want("far.org", id, [this](matrix::outcome<matrix::verify_key> k) {
            answers.push_back(k ? std::nullopt : std::optional{k.error().code});
        });
    }
    std::string document(const matrix::signing_key& k, base::milliseconds valid = 24h,
                         const std::string& server = "far.org") const {
        return key_document(server, k, clock.at.wall + valid);
    }
    void pass(base::milliseconds d) {
        clock.at.mono += d;
        clock.at.wall += d;
    }
    test::hand_clock clock;
    hand_requests requests;
    key_ring ring{requests, clock};
    std::vector<std::optional<errc>> answers;
    const matrix::signing_key key = key_of(1);
};

TEST_F(key_ring_test, a_key_is_fetched_once_and_known_from_then_on) {
    EXPECT_FALSE(ring.find("far.org", "ed25519:1"));
    want();
    want();
    ASSERT_EQ(requests.asked.size(), 1U) << "who waits for the same server shares a fetch";
    EXPECT_EQ(requests.asked[0].server, "far.org");
    EXPECT_EQ(requests.asked[0].target, "/_matrix/key/v2/server");
    EXPECT_FALSE(requests.asked[0].is_signed);
    requests.reply(document(key));
    EXPECT_EQ(answers, (std::vector<std::optional<errc>>{std::nullopt, std::nullopt}));
    want();
    EXPECT_EQ(answers.size(), 3U);
    EXPECT_EQ(requests.asked.size(), 1U);
    EXPECT_EQ(ring.find("far.org", "ed25519:1"), key.public_half());
}

TEST_F(key_ring_test, a_key_is_known_as_long_as_it_is_valid) {
    want();
    requests.reply(document(key, 1h));
    pass(1h - 1ms);
    EXPECT_TRUE(ring.find("far.org", "ed25519:1"));
    pass(1ms);
    EXPECT_FALSE(ring.find("far.org", "ed25519:1"));
    want();
    EXPECT_EQ(requests.asked.size(), 2U);
}

TEST_F(key_ring_test, nobodys_keys_are_believed_for_longer_than_a_week) {
    want();
    requests.reply(document(key, 365 * 24h));
    pass(7 * 24h - 1ms);
    EXPECT_TRUE(ring.find("far.org", "ed25519:1"));
    pass(1ms);
    EXPECT_FALSE(ring.find("far.org", "ed25519:1"));
}

TEST_F(key_ring_test, an_unknown_key_id_asks_again_but_not_at_once) {
    want();
    requests.reply(document(key));
    answers.clear();
    want("ed25519:2");
    EXPECT_EQ(answers.at(0), errc::unauthorized);
    EXPECT_EQ(requests.asked.size(), 1U) << "a stranger can't make this server ask and ask";
    pass(base::limits::key_refetch_min);
    want("ed25519:2");
    requests.reply(document(key_of(2, "ed25519:2")));
    EXPECT_EQ(answers.at(1), std::nullopt);
}

TEST_F(key_ring_test, failures_are_asked_about_less_and_less) {
    want();
    requests.fail();
    EXPECT_EQ(answers.back(), errc::unavailable);
    base::milliseconds wait = base::limits::key_refetch_min * 2;
    for (int i = 0; i < 8; ++i) {
        pass(wait - 1ms);
        want();
        EXPECT_EQ(answers.back(), errc::unavailable);
        EXPECT_EQ(requests.waiting.size(), 0U) << "too early, try " << i;
        pass(1ms);
        want();
        ASSERT_EQ(requests.waiting.size(), 1U);
        requests.fail();
        wait = std::min<base::milliseconds>(wait * 2, base::limits::key_refetch_max);
    }
    EXPECT_EQ(wait, base::limits::key_refetch_max);
}

TEST_F(key_ring_test, keys_that_are_valid_outlive_a_failure) {
    want();
    requests.reply(document(key));
    pass(base::limits::key_refetch_min);
    want("ed25519:2");
    requests.fail();
    EXPECT_TRUE(ring.find("far.org", "ed25519:1"));
}

TEST_F(key_ring_test, what_is_not_signed_by_its_server_is_no_key) {
    auto other = json::parse(document(key)).get_object();
    other["valid_until_ts"] = other.at("valid_until_ts").as_int64() + 1;
    for (const std::string& wrong :
         {document(key, 24h, "other.org"), document(key, 0ms), json::serialize(other),
          std::string{"[]"}, std::string{"no JSON"}, std::string{"{}"}}) {
        want();
        ASSERT_EQ(requests.waiting.size(), 1U) << wrong;
        requests.reply(wrong);
        EXPECT_EQ(answers.back(), errc::unavailable) << wrong;
        EXPECT_FALSE(ring.find("far.org", "ed25519:1")) << wrong;
        pass(base::limits::key_refetch_max);
    }
    want();
    requests.reply(document(key), 500);
    EXPECT_EQ(answers.back(), errc::unavailable);
}

TEST_F(key_ring_test, a_key_that_did_not_sign_its_document_is_not_believed) {
    // The document of one key, with another one slipped in and the first one's signature.
    auto o = json::parse(document(key)).get_object();
    o["verify_keys"].get_object()["ed25519:2"] =
        json::object{{"key", key_of(2).public_half().to_base64()}};
    o.erase("signatures");
    ASSERT_TRUE(matrix::sign_json(o, "far.org", key));
    want("ed25519:2");
    requests.reply(json::serialize(o));
    EXPECT_EQ(answers.back(), errc::unavailable);
}

TEST_F(key_ring_test, waiters_and_fetches_have_a_limit) {
    for (std::size_t i = 0; i <= base::limits::key_waiters_max; ++i) {
        want();
    }
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0], errc::unavailable);
    for (std::size_t i = 1; i <= base::limits::key_fetches_max; ++i) {
        ring.want("far" + std::to_string(i) + ".org", "ed25519:1",
                  [this](matrix::outcome<matrix::verify_key> k) {
                      answers.push_back(k ? std::nullopt : std::optional{k.error().code});
                  });
    }
    EXPECT_EQ(requests.asked.size(), base::limits::key_fetches_max);
    EXPECT_EQ(answers.size(), 2U);
}

}  // namespace
}  // namespace porchlight::federation
