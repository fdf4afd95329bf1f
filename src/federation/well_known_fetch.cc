#include "federation/well_known_fetch.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/metrics.h"

namespace porchlight::federation {

namespace limits = base::limits;

namespace {

base::metrics::counter redirects_limit{"porchlight_limits_reached_total",
                                       "Limits reached, by limit.",
                                       "limit=\"discovery_redirects\""};

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

well_known_fetch::well_known_fetch(bool allow_private, ports::resolver& resolver,
                                   ports::http_client& client, const ports::clock& clock)
    : allow_private_(allow_private), resolver_(resolver), client_(client), clock_(clock) {}

void well_known_fetch::start(const server_name_parts& host, unsigned failures_before,
                             base::unique_function<void(fetched)> done) {
    failures_before_ = failures_before;
    done_ = std::move(done);
    const std::string url = "https://" + host.text + "/.well-known/matrix/server";
    auto place = read_location(url, url);
    ASSERT(place);  // a host name has nothing in it that a URL couldn't have
    go_to(std::move(*place));
}

void well_known_fetch::go_to(web_place place) {
    visited_.insert(place.url);
    place_ = std::move(place);
    look_up(place_.where, allow_private_, resolver_, [weak = weak_from_this()](looked_up found) {
        if (const auto self = weak.lock()) {
            self->ask(std::move(found));
        }
    });
}

void well_known_fetch::ask(looked_up found) {
    if (found.addresses.empty()) {
        fail(std::move(found.why_none));
        return;
    }
    ports::client_request request;
    request.addresses = std::move(found.addresses);
    request.port = place_.port;
    request.tls_name = place_.where.host;
    request.host = place_.where.text;
    request.target = place_.target;
    request.headers = {{"accept", "application/json"}};
    request.response_bytes_max = limits::well_known_bytes_max;
    request.timeout = limits::well_known_timeout;
    client_.send(std::move(request), [weak = weak_from_this()](auto answer) {
        if (const auto self = weak.lock()) {
            self->answered(std::move(answer));
        }
    });
}

void well_known_fetch::answered(
    base::result<ports::client_response, ports::client_failure> answer) {
    if (!answer) {
        result_.overloaded = answer.error().what == ports::client_error::overloaded;
        fail(std::move(answer.error().sentence));
        return;
    }
    if (is_redirect(answer->status)) {
        redirected(*answer);
        return;
    }
    well_known said = read_well_known(*answer, clock_.now().wall, failures_before_);
    if (!said.delegated) {
        result_.steps.push_back(place_.url + ": " + said.why_not + ".");
    } else {
        result_.steps.push_back(place_.url + " delegates to " + *said.delegated + ".");
    }
    finish(std::move(said));
}

void well_known_fetch::redirected(const ports::client_response& answer) {
    const auto* location = answer.header("location");
    auto next = location ? read_location(place_.url, *location) : std::nullopt;
    if (!next) {
        fail("the answer is a redirect, but not to an https URL");
        return;
    }
    if (visited_.contains(next->url)) {
        fail("the redirects go in a circle");
        return;
    }
    if (visited_.size() > limits::discovery_redirects_max) {
        redirects_limit.add();
        fail("there are more than " + std::to_string(limits::discovery_redirects_max) +
             " redirects");
        return;
    }
    result_.steps.push_back(place_.url + " redirects to " + next->url + ".");
    go_to(std::move(*next));
}

void well_known_fetch::fail(std::string why) {
    result_.steps.push_back(place_.url + ": " + why + ".");
    finish(no_well_known(std::move(why), failures_before_));
}

void well_known_fetch::finish(well_known answer) {
    result_.answer = std::move(answer);
    auto done = std::move(done_);
    done(std::move(result_));
}

}  // namespace porchlight::federation
