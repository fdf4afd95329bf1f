#include "federation/key_ring.h"

#include <algorithm>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"

namespace porchlight::federation {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;

namespace {

base::metrics::counter fetches{"porchlight_federation_key_fetches_total",
                               "Keys of other servers that were fetched, or were not to be had."};
base::metrics::counter waiting_reached{"porchlight_limits_reached_total",
                                       "Limits reached, by limit.", "limit=\"key_fetches\""};
base::metrics::counter kept_reached{"porchlight_limits_reached_total", "Limits reached, by limit.",
                                    "limit=\"key_servers\""};

}  // namespace

key_ring::key_ring(peer_requests& requests, ports::clock& clock)
    : requests_(requests), clock_(clock) {}

std::optional<matrix::verify_key> key_ring::find(std::string_view server,
                                                 std::string_view key_id) const {
    const std::scoped_lock lock{mutex_};
    const auto k = known_.find(server);
    if (k == known_.end() || k->second.keys.valid_until <= clock_.now().wall) {
        return std::nullopt;
    }
    const auto key = k->second.keys.keys.find(key_id);
    return key == k->second.keys.keys.end() ? std::nullopt : std::optional{key->second};
}

void key_ring::want(std::string_view server, std::string_view key_id, answer done) {
    if (const auto key = find(server, key_id)) {
        done(*key);
        return;
    }
    const std::string name{server};
    if (const auto under_way = waiting_.find(name); under_way != waiting_.end()) {
        if (under_way->second.size() >= limits::key_waiters_max) {
            waiting_reached.add();
            done(fail(errc::unavailable));
            return;
        }
        under_way->second.push_back({std::string{key_id}, std::move(done)});
        return;
    }
    const auto k = known_.find(name);
    if (k != known_.end() && clock_.now().mono < k->second.may_ask) {
        const bool asked_well = k->second.failures == 0;
        done(asked_well
                 ? fail(errc::unauthorized, name + " has no key " + std::string{key_id} + ".")
                 : fail(errc::unavailable, "The keys of " + name + " can't be had now."));
        return;
    }
    if (waiting_.size() >= limits::key_fetches_max) {
        waiting_reached.add();
        done(fail(errc::unavailable));
        return;
    }
    waiting_[name].push_back({std::string{key_id}, std::move(done)});
    fetch(name);
}

void key_ring::fetch(const std::string& server) {
    fetches.add();
    peer_request r;
    r.server = server;
    r.target = "/_matrix/key/v2/server";
    r.is_signed = false;
    requests_.send(std::move(r), [this, server](base::result<peer_answer, peer_failure> got) {
        fetched(server, std::move(got));
    });
}

void key_ring::fetched(const std::string& server, base::result<peer_answer, peer_failure> got) {
    const base::instant now = clock_.now();
    std::string problem;
    known k;
    if (const auto before = known_.find(server); before != known_.end()) {
        k = before->second;  // keys that are valid stay so when newer ones can't be had
    }
    if (!got) {
        problem = got.error().sentence;
    } else if (got->status != 200) {
        problem = "it answered " + std::to_string(got->status);
    } else if (const auto v = matrix::parse_json(got->body); !v) {
        problem = "its answer is no JSON";
    } else if (auto keys = read_key_document(*v, server, now.wall); !keys) {
        problem = keys.error().message;
    } else {
        k.keys = std::move(*keys);
    }
    k.failures = problem.empty() ? 0 : k.failures + 1;
    k.may_ask = now.mono + std::min<base::milliseconds>(
                               limits::key_refetch_min * (1U << std::min(k.failures, 10U)),
                               limits::key_refetch_max);
    if (!problem.empty()) {
        base::log::info("federation", "the keys of a server can't be had",
                        {{"server", server}, {"reason", problem}});
    }
    keep(server, std::move(k));
    const auto waiters = waiting_.extract(server);
    for (waiting& w : waiters.mapped()) {
        if (const auto key = find(server, w.key_id)) {
            w.done(*key);
        } else if (problem.empty()) {
            w.done(fail(errc::unauthorized, server + " has no key " + w.key_id + "."));
        } else {
            w.done(fail(errc::unavailable, "The keys of " + server + " can't be had now."));
        }
    }
}

void key_ring::keep(const std::string& server, known k) {
    const std::scoped_lock lock{mutex_};
    if (known_.insert_or_assign(server, std::move(k)).second) {
        order_.push_back(server);
    }
    if (known_.size() > limits::key_servers_max) {
        kept_reached.add();
        known_.erase(order_.front());
        order_.pop_front();
    }
}

}  // namespace porchlight::federation
