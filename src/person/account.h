#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "matrix/json.h"
#include "person/credentials.h"
#include "person/failure.h"
#include "person/web.h"

// A logged-in account on its homeserver, any Matrix server.
namespace porchlight::person {

namespace json = boost::json;

// The server's answer was an error of the protocol, or none of it.
struct refused : failed {
    long status = 0;
    std::string errcode;
    std::optional<std::chrono::milliseconds> retry_after;
};

// The JSON of a good answer. Throws failed (no answer), logged_out (M_UNKNOWN_TOKEN), refused; the
// sentences name `server`, and nothing in them moves a cursor.
json::value read_answer(const web_answer& a, const std::string& server);

class account {
  public:
    // `w` outlives it.
    account(web& w, credentials c) : web_(w), who_(std::move(c)) {}

    const credentials& who() const { return who_; }
    const std::string& user_id() const { return who_.user_id; }
    web_request request(const std::string& method, const std::string& path,
                        const json::object* body = nullptr) const;

    // `path` from "/_matrix" on. Throw as read_answer does.
    json::value get(const std::string& path);
    json::value put(const std::string& path, const json::object& body);
    json::value post(const std::string& path, const json::object& body);

    // In /versions; asked once. Throws as read_answer does.
    bool has_feature(const std::string& name);
    bool has_lists() { return has_feature("io.porchlight.presence_lists"); }

    std::string status_path(const std::string& user_id) const;
    std::string list_path() const;
    // Under the extension: "invites", "policy".
    std::string consent_path(const std::string& what) const;

  private:
    web& web_;
    credentials who_;
    std::optional<json::value> versions_;
};

}  // namespace porchlight::person
