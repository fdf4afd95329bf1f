#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "matrix/signing.h"

// How servers sign their requests to each other: the header "Authorization: X-Matrix ..."
// (specification: server-server API, "Request Authentication").
namespace porchlight::matrix {

struct request_signature {
    std::string origin;
    std::optional<std::string> destination;  // servers before v1.3 leave it out
    std::string key_id;
    std::string signature;  // Base64, not yet verified
};

// What the header says. Names in any case, values quoted or bare, white space around commas.
// unauthorized: another scheme, a parameter missing or twice, no server name, no key id.
outcome<request_signature> parse_request_signature(std::string_view header);
std::string to_header(const request_signature& s);

// What is signed of a request. `uri`: path and query as sent. `content`: the body's JSON; null:
// none. bad_json where the body has no canonical JSON.
struct request_facts {
    std::string_view method, uri, origin, destination;
    const json::value* content = nullptr;
};
outcome<std::string> text_of(const request_facts& r);
// The header's value. REQUIRES: the content has canonical JSON.
std::string sign_request(const request_facts& r, const signing_key& key);

}  // namespace porchlight::matrix
