#include "admin/api.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "admin/access.h"
#include "admin/request.h"
#include "base/log.h"
#include "base/metrics.h"
#include "client_api/call.h"
#include "client_api/url.h"
#include "homeserver/name_keys.h"
#include "matrix/identifier.h"

namespace porchlight::admin {

namespace {

constexpr std::string_view root = "/_porchlight/admin/v1/";

base::metrics::counter requests{"porchlight_admin_requests_total", "Answers of the admin API."};

struct route {
    std::string_view method, pattern;  // below the root; {name} is one segment
    void (*endpoint)(request);
};

// docs/admin-api.md has a part for each; tools/lint/guards looks.
constexpr route routes[] = {
    {"GET", "overview", overview},
    {"GET", "federation/destinations", destinations},
    {"GET", "users", find_users},
    {"GET", "users/{userId}/presence", explain_presence},
    {"GET", "users/{userId}/devices", devices},
    {"DELETE", "users/{userId}/devices/{deviceId}", end_device},
};

// The path's parameters, if it is the pattern's.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              const std::vector<std::string>& path) {
    std::vector<std::string> params;
    for (const std::string& segment : path) {
        const auto end = std::min(pattern.find('/'), pattern.size());
        const std::string_view wanted = pattern.substr(0, end);
        if (wanted.empty() || segment.empty() || (wanted[0] != '{' && wanted != segment)) {
            return std::nullopt;
        }
        if (wanted[0] == '{') {
            params.push_back(segment);
        }
        pattern.remove_prefix(std::min(end + 1, pattern.size()));
    }
    return pattern.empty() ? std::optional{std::move(params)} : std::nullopt;
}

struct found_route {
    const route* row = nullptr;
    bool path_known = false;
    std::vector<std::string> params;
};

found_route find(std::string_view method, const std::vector<std::string>& path) {
    found_route f;
    for (const route& row : routes) {
        auto params = match(row.pattern, path);
        f.path_known = f.path_known || params.has_value();
        if (params && row.method == method) {
            f.row = &row;
            f.params = std::move(*params);
            return f;
        }
    }
    return f;
}

void respond(ports::http_sender& http, ports::http_handle h, outcome<json::object> what) {
    requests.add();
    ports::http_response r;
    if (what) {
        r.body = json::serialize(*what);
    } else {
        r = client_api::error_response(what.error());
    }
    r.cross_origin = false;
    r.headers.emplace_back("Cache-Control", "no-store");
    http.respond(h, std::move(r));
}

}  // namespace

struct api::impl {
    impl(surroundings given, std::string_view token) : s(std::move(given)), door(token, s.limits) {}

    surroundings s;
    access door;
};

api::api(surroundings s, std::string_view token)
    : impl_(std::make_unique<impl>(std::move(s), token)) {}

api::~api() = default;

bool api::is_for(std::string_view path) {
    return path.starts_with("/_porchlight/admin/");
}

void api::on_request(const ports::http_request& r) {
    impl& m = *impl_;
    auto path = r.path.starts_with(root) ? client_api::split_path(r.path.substr(root.size() - 1))
                                         : std::nullopt;
    auto query = client_api::split_query(r.query);
    m.s.services.decider.post([&m, handle = r.handle, method = std::string{r.method},
                               path = std::move(path), query = std::move(query),
                               authorization = std::string{r.authorization},
                               peer = std::string{r.peer_address}] {
        const auto answered = std::make_shared<bool>(false);
        const auto answer = [&m, handle, answered](outcome<json::object> what) {
            *answered = true;
            respond(m.s.http, handle, std::move(what));
        };
        // First of all: who has no token does not even learn which paths there are.
        if (auto refused = m.door.check(authorization, peer, m.s.services.clock.now().mono)) {
            answer(std::move(*refused));
            return;
        }
        if (!path || !query) {
            answer(fail(path ? errc::invalid_param : errc::unrecognized));
            return;
        }
        found_route f = find(method, *path);
        if (f.row == nullptr) {
            answer(fail(f.path_known ? errc::method_not_allowed : errc::unrecognized));
            return;
        }
        try {
            f.row->endpoint({m.s, std::move(f.params), *query, answer});
        } catch (const std::exception& e) {
            base::log::error("admin", "an endpoint threw",
                             {{"route", f.row->pattern}, {"error", e.what()}});
            if (!*answered) {
                answer(fail(errc::unknown));
            }
        }
    });
}

// --- requests ---

std::string_view request::parameter(std::string_view name) const {
    const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
    return found == query.end() ? std::string_view{} : found->second;
}

outcome<std::size_t> request::number(std::string_view name, std::size_t fallback) const {
    const std::string_view text = parameter(name);
    if (text.empty()) {
        return fallback;
    }
    std::size_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return fail(errc::invalid_param, "The parameter " + std::string{name} + " can't be \"" +
                                             std::string{text} +
                                             "\"; allowed: a whole number from 0.");
    }
    return n;
}

outcome<base::user_key> request::user(const std::string& id) const {
    const auto parsed = matrix::parse_user_id(id);
    if (!parsed) {
        return fail(errc::invalid_param, "\"" + id + "\" is no user id; allowed: @name:server.");
    }
    if (const auto u = server.accounts.find(id)) {
        return *u;
    }
    if (const auto u = server.accounts.names().find(id)) {
        return *u;
    }
    return fail(errc::not_found, "Nothing is known here of " + id + ".");
}

void put_time(json::object& o, std::string_view key, const std::optional<base::wall_time>& t) {
    if (t) {
        o[key] = base::unix_ms(*t);
    }
}

}  // namespace porchlight::admin
