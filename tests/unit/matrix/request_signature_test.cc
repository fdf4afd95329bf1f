#include "matrix/request_signature.h"

#include <gtest/gtest.h>

namespace porchlight::matrix {
namespace {

const signing_key& key() {
    static const signing_key k("ed25519:k1", std::array<std::uint8_t, 32>{7});
    return k;
}

TEST(request_signature, is_read_as_the_specification_writes_it) {
    const auto s = parse_request_signature(
        R"(X-Matrix origin="origin.hs.example.com",destination="destination.hs.example.com",)"
        R"(key="ed25519:key1",sig="ABCDEF...")");
    ASSERT_TRUE(s) << s.error();
    EXPECT_EQ(s->origin, "origin.hs.example.com");
    EXPECT_EQ(s->destination, "destination.hs.example.com");
    EXPECT_EQ(s->key_id, "ed25519:key1");
    EXPECT_EQ(s->signature, "ABCDEF...");
}

TEST(request_signature, is_read_in_the_other_forms_that_servers_write) {
    const std::string_view forms[] = {
        // before v1.3: no destination; bare values; old servers leave colons unquoted
        R"(X-Matrix origin=a.example:8448,key="ed25519:k",sig="x+/y")",
        "x-matrix  Origin=\"a.example:8448\" , KEY=ed25519:k ,\tSig = \"x+/y\"",
        R"(X-Matrix ,origin="a.example\:8448",key="ed25519:k",sig="x+/y",extra="1",)"};
    for (const auto form : forms) {
        const auto s = parse_request_signature(form);
        ASSERT_TRUE(s) << form << s.error();
        EXPECT_EQ(s->origin, "a.example:8448");
        EXPECT_EQ(s->destination, std::nullopt);
        EXPECT_EQ(s->key_id, "ed25519:k");
        EXPECT_EQ(s->signature, "x+/y");
    }
}

TEST(request_signature, refuses_what_is_malformed) {
    const std::string_view bad[] = {
        "",
        "X-Matrix",
        "X-Matrix ",
        "Bearer abc",
        R"(X-MatrixX origin=a,key="ed25519:k",sig=x)",
        R"(X-Matrix origin=a,key="ed25519:k")",
        R"(X-Matrix origin=a,sig=x)",
        R"(X-Matrix key="ed25519:k",sig=x)",
        R"(X-Matrix origin="",key="ed25519:k",sig=x)",
        R"(X-Matrix origin=a,origin=b,key="ed25519:k",sig=x)",
        R"(X-Matrix origin=a,key="ed25519:k",sig="x)",
        R"(X-Matrix origin=a,key="ed25519:k",sig="x\)",
        R"(X-Matrix origin,key="ed25519:k",sig=x)",
        R"(X-Matrix origin="a b",key="ed25519:k",sig=x)",
        R"(X-Matrix origin=a,destination="/etc",key="ed25519:k",sig=x)",
        R"(X-Matrix origin=a,key="rsa:k",sig=x)",
        R"(X-Matrix origin=a,key="ed25519:",sig=x)",
    };
    for (const auto text : bad) {
        const auto s = parse_request_signature(text);
        ASSERT_FALSE(s) << text;
        EXPECT_EQ(s.error().code, errc::unauthorized) << text;
    }
}

TEST(request_signature, is_written_so_that_it_is_read_again) {
    const request_signature s{"a.example:8448", "b.example", "ed25519:k1", R"(quote " slash \)"};
    const auto again = parse_request_signature(to_header(s));
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->origin, s.origin);
    EXPECT_EQ(again->destination, s.destination);
    EXPECT_EQ(again->key_id, s.key_id);
    EXPECT_EQ(again->signature, s.signature);
}

TEST(request_signature, covers_method_uri_origin_destination_and_body) {
    const json::value body = parse_json(R"({"pdus":[],"edus":[]})").value();
    const request_facts sent{"PUT", "/_matrix/federation/v1/send/1?x=%20", "a", "b", &body};
    const auto s = parse_request_signature(sign_request(sent, key())).value();
    const auto verifies = [&](const request_facts& r) {
        return key().public_half().verifies(text_of(r).value(), s.signature);
    };
    EXPECT_TRUE(verifies(sent));
    const json::value other = parse_json(R"({"pdus":[],"edus":[1]})").value();
    EXPECT_FALSE(verifies({"GET", sent.uri, "a", "b", &body}));
    EXPECT_FALSE(verifies({"PUT", "/_matrix/federation/v1/send/1?x= ", "a", "b", &body}));
    EXPECT_FALSE(verifies({"PUT", sent.uri, "c", "b", &body}));
    EXPECT_FALSE(verifies({"PUT", sent.uri, "a", "c", &body}));
    EXPECT_FALSE(verifies({"PUT", sent.uri, "a", "b", &other}));
    EXPECT_FALSE(verifies({"PUT", sent.uri, "a", "b", nullptr}));
}

TEST(request_signature, is_over_the_text_that_the_specification_shows) {
    const json::value body = parse_json(R"({"b":1,"a":2})").value();
    EXPECT_EQ(
        text_of({"GET", "/target", "origin.hs.example.com", "destination.hs.example.com", &body})
            .value(),
        R"({"content":{"a":2,"b":1},"destination":"destination.hs.example.com",)"
        R"("method":"GET","origin":"origin.hs.example.com","uri":"/target"})");
    EXPECT_EQ(text_of({"GET", "/", "a", "b"}).value(),
              R"({"destination":"b","method":"GET","origin":"a","uri":"/"})");
}

}  // namespace
}  // namespace porchlight::matrix
