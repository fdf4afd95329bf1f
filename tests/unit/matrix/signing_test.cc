#include "matrix/signing.h"

#include <gtest/gtest.h>

#include "matrix/event.h"

namespace porchlight::matrix {
namespace {

json::object object(std::string_view text) {
    return parse_json(text).value().get_object();
}

// The appendix "Cryptographic Test Vectors": one key, server name "domain".
const signing_key& key() {
    static const signing_key k =
        signing_key::parse("ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1").value();
    return k;
}

json::object signed_by_domain(std::string_view text) {
    auto o = object(text);
    EXPECT_TRUE(sign_json(o, "domain", key()));
    return o;
}

TEST(signing, of_json_is_that_of_the_specifications_examples) {
    EXPECT_EQ(signed_by_domain("{}"), object(R"({"signatures":{"domain":{"ed25519:1":
        "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"}}})"));
    EXPECT_EQ(signed_by_domain(R"({"one":1,"two":"Two"})"),
              object(R"({"one":1,"two":"Two","signatures":{"domain":{"ed25519:1":
        "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"}}})"));
}

// Events are signed as they look redacted, with the hash of all of their content.
std::string signature_of_event(std::string_view text) {
    auto redacted = redact(with_content_hash(object(text)).value(), "1");
    EXPECT_TRUE(sign_json(redacted, "domain", key()));
    return signature_of(redacted, "domain", "ed25519:1").value();
}

TEST(signing, of_events_is_that_of_the_specifications_examples) {
    EXPECT_EQ(
        signature_of_event(R"({"room_id":"!x:domain","sender":"@a:domain","origin":"domain",
            "origin_server_ts":1000000,"signatures":{},"hashes":{},"type":"X","content":{},
            "prev_events":[],"auth_events":[],"depth":3,"unsigned":{"age_ts":1000000}})"),
        "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg");
    EXPECT_EQ(
        signature_of_event(R"({"content":{"body":"Here is the message content"},
            "event_id":"$0:domain","origin":"domain","origin_server_ts":1000000,
            "type":"m.room.message","room_id":"!r:domain","sender":"@u:domain","signatures":{},
            "unsigned":{"age_ts":1000000}})"),
        "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA");
}

TEST(signing, keeps_other_signatures_and_ignores_unsigned) {
    auto o = object(R"({"a":1,"unsigned":{"age":3},"signatures":{"domain":{"ed25519:0":"x"},
        "other":{"ed25519:9":"y"}}})");
    ASSERT_TRUE(sign_json(o, "domain", key()));
    EXPECT_EQ(signature_of(o, "domain", "ed25519:0"), "x");
    EXPECT_EQ(signature_of(o, "other", "ed25519:9"), "y");
    o["unsigned"] = 4;
    EXPECT_TRUE(verify_json(o, "domain", "ed25519:1", key().public_half()));
}

TEST(signing, refuses_what_has_no_canonical_form) {
    for (const auto* text : {R"({"a":1.5})", R"({"a":9007199254740992})", R"({"signatures":1})",
                             R"({"signatures":{"domain":[]}})"}) {
        auto o = object(text);
        const auto r = sign_json(o, "domain", key());
        ASSERT_FALSE(r) << text;
        EXPECT_EQ(r.error().code, errc::bad_json);
    }
}

TEST(verifying, refuses_any_other_text_key_name_and_signature) {
    const auto good = signed_by_domain(R"({"one":1,"two":"Two"})");
    const auto k = key().public_half();
    EXPECT_TRUE(verify_json(good, "domain", "ed25519:1", k));
    const auto refused = [](const json::object& o, std::string_view name, std::string_view id,
                            const verify_key& with) {
        const auto r = verify_json(o, name, id, with);
        return !r && r.error().code == errc::unauthorized;
    };
    auto other = good;
    other["one"] = 2;
    EXPECT_TRUE(refused(other, "domain", "ed25519:1", k));
    EXPECT_TRUE(refused(good, "Domain", "ed25519:1", k));
    EXPECT_TRUE(refused(good, "domain", "ed25519:2", k));
    const std::array<std::uint8_t, 32> another{1};
    EXPECT_TRUE(
        refused(good, "domain", "ed25519:1", signing_key("ed25519:1", another).public_half()));
    for (const json::value& signature :
         {json::value{""}, json::value{"AAAA"}, json::value{7}, json::value{std::string(86, 'A')},
          json::value{"not base64!"}}) {
        auto bad = good;
        bad["signatures"] = json::object{{"domain", json::object{{"ed25519:1", signature}}}};
        EXPECT_TRUE(refused(bad, "domain", "ed25519:1", k)) << signature;
    }
}

TEST(signing_key, is_written_as_it_is_read) {
    const auto again = signing_key::parse(key().line()).value();
    EXPECT_EQ(again.key_id(), "ed25519:1");
    EXPECT_EQ(again.public_half(), key().public_half());
    EXPECT_EQ(again.sign("x"), key().sign("x"));
    EXPECT_EQ(key().public_half().to_base64(), "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI");
    EXPECT_EQ(verify_key::from_base64("XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI"),
              key().public_half());
    EXPECT_EQ(verify_key::from_base64("XGX0"), std::nullopt);
}

TEST(signing_key, says_what_is_wrong_with_a_line_but_never_the_seed) {
    const std::string seed = "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA";
    for (const std::string& line :
         {std::string{}, std::string{"ed25519 1"}, "rsa 1 " + seed + "0", "ed25519 1 " + seed,
          "ed25519 a:b " + seed + "0", "ed25519 1 " + seed + "0 more", "ed25519 1 " + seed + "0AAA",
          "ed25519 " + std::string(65, 'a') + " " + seed + "0"}) {
        const auto r = signing_key::parse(line);
        ASSERT_FALSE(r) << line;
        EXPECT_EQ(r.error().message.find(seed), std::string::npos) << r.error().message;
        EXPECT_FALSE(r.error().message.empty());
    }
}

}  // namespace
}  // namespace porchlight::matrix
