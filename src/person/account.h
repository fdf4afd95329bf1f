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

// Paths, from "/_matrix" on.
std::string status_path(const std::string& user_id);
std::string list_path(const std::string& user_id);
// Under the extension: "invites", "policy".
std::string consent_path(const std::string& what, const std::string& user_id);
// In an answer to /versions.
bool has_feature(const json::value& versions, std::string_view name);
inline constexpr std::string_view lists_feature = "io.porchlight.presence_lists";

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

    // Has the server presence lists? Asked once. Throws as read_answer does.
    bool has_lists();

  private:
    web& web_;
    credentials who_;
    std::optional<bool> has_lists_;
};

}  // namespace porchlight::person
