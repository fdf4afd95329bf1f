#include "person/account.h"

#include <boost/json/serialize.hpp>

#include "person/text.h"

namespace porchlight::person {

namespace {

std::string text_at(const json::value& v, std::string_view key) {
    const auto* const found = matrix::find(v, key);
    return found != nullptr && found->is_string() ? cleaned(found->get_string()) : std::string();
}

refused refusal_of(const web_answer& a, const json::value& body, const std::string& server) {
    refused r;
    r.status = a.status;
    r.errcode = text_at(body, "errcode");
    if (const auto* const wait = matrix::find(body, "retry_after_ms");
        wait != nullptr && wait->is_int64() && wait->get_int64() >= 0) {
        r.retry_after = std::chrono::milliseconds{wait->get_int64()};
    }
    if (r.errcode.empty()) {
        r.message = server + " answers with status " + std::to_string(a.status) +
                    ", which is no answer of a Matrix server";
    } else if (a.status == 429) {
        const auto wait = r.retry_after.value_or(std::chrono::milliseconds{1000});
        r.message = server + " asks to wait " + std::to_string((wait.count() + 999) / 1000) +
                    " s before the next try";
    } else {
        std::string sentence = text_at(body, "error");
        while (sentence.ends_with('.')) {
            sentence.pop_back();
        }
        r.message = server + " refuses: " + sentence + " (" + r.errcode + ')';
    }
    return r;
}

}  // namespace

json::value read_answer(const web_answer& a, const std::string& server) {
    if (!a.problem.empty()) {
        throw failed{"no answer from " + server + ": " + a.problem};
    }
    auto parsed = matrix::parse_json(a.body);
    if (a.status >= 200 && a.status < 300) {
        if (!parsed) {
            throw failed{"the answer of " + server + " is no JSON; is it a Matrix server?"};
        }
        return std::move(*parsed);
    }
    refused r = refusal_of(a, parsed.has_value() ? *parsed : json::value(), server);
    if (a.status == 401 && (r.errcode == "M_UNKNOWN_TOKEN" || r.errcode == "M_MISSING_TOKEN")) {
        throw logged_out{{server + " no longer knows this login; log in again: porchlight login"}};
    }
    throw std::move(r);
}

web_request account::request(const std::string& method, const std::string& path,
                             const json::object* body) const {
    web_request r;
    r.method = method;
    r.url = who_.homeserver + path;
    r.token = who_.access_token;
    r.body = body == nullptr ? "" : json::serialize(*body);
    return r;
}

json::value account::get(const std::string& path) {
    return read_answer(web_.ask(request("GET", path)), who_.homeserver);
}

json::value account::put(const std::string& path, const json::object& body) {
    return read_answer(web_.ask(request("PUT", path, &body)), who_.homeserver);
}

json::value account::post(const std::string& path, const json::object& body) {
    return read_answer(web_.ask(request("POST", path, &body)), who_.homeserver);
}

bool account::has_lists() {
    if (!has_lists_) {
        has_lists_ = has_feature(get("/_matrix/client/versions"), lists_feature);
    }
    return *has_lists_;
}

bool has_feature(const json::value& versions, std::string_view name) {
    const auto* const features = matrix::find(versions, "unstable_features");
    const auto* const found = features == nullptr ? nullptr : matrix::find(*features, name);
    return found != nullptr && found->is_bool() && found->get_bool();
}

std::string status_path(const std::string& user_id) {
    return "/_matrix/client/v3/presence/" + percent_encoded(user_id) + "/status";
}

std::string list_path(const std::string& user_id) {
    return "/_matrix/client/v3/presence/list/" + percent_encoded(user_id);
}

std::string consent_path(const std::string& what, const std::string& user_id) {
    return "/_matrix/client/unstable/io.porchlight/presence/" + what + '/' +
           percent_encoded(user_id);
}

}  // namespace porchlight::person
