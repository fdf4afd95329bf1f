#include "integration/storms/real_house.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace porchlight::test {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto broken_after = 60s;
constexpr std::string_view send_prefix = "/_matrix/federation/v1/send/";

net::settings listening(const net::test::certificate& c) {
    net::settings s;
    net::listen_address a;
    a.cert_file = c.cert_file();
    a.key_file = c.key_file();
    s.listen.push_back(std::move(a));
    return s;
}

net::outgoing_settings believing(const net::test::certificate& c) {
    net::outgoing_settings s;
    s.ca_file = c.cert_file();
    return s;
}

homeserver::settings named(const std::string& name) {
    homeserver::settings s = house_bench::cheap_settings();
    s.server_name = name;
    return s;
}

matrix::signing_key key_of(std::uint8_t seed) {
    std::array<std::uint8_t, 32> bytes{};
    bytes.fill(seed);
    return {"ed25519:test", bytes};
}

}  // namespace

// --- between the threads ---

void doorstep::post(ports::task t) {
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(t));
    }
    posted_.notify_one();
}

void doorstep::post_after(base::milliseconds, ports::task) {
    ADD_FAILURE() << "the client has timers of its own";
}

bool doorstep::step() {
    ports::task t;
    {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) {
            return false;
        }
        t = std::move(tasks_.front());
        tasks_.pop_front();
    }
    t();
    return true;
}

bool doorstep::wait() {
    std::unique_lock lock(mutex_);
    return posted_.wait_for(lock, broken_after, [this] { return !tasks_.empty(); });
}

void counting_client::send(ports::client_request r, answer done) {
    ++under_way_;
    client_.send(std::move(r), [this, done = std::move(done)](auto a) mutable {
        --under_way_;
        done(std::move(a));
    });
}

// --- a server ---

real_house::real_house(doorstep& d, const net::test::certificate& c, std::uint8_t seed)
    : doorstep_(d),
      runtime_(listening(c), clock_of_net_),
      name("127.0.0.1:" + std::to_string(runtime_.bound().front().port)),
      house(nullptr, named(name)),
      outgoing(believing(c), d),
      federation_({config_,
                   {.allow_private_addresses = true},
                   house.services,
                   house.accounts,
                   house.lists,
                   rooms,
                   outgoing.resolver(),
                   client,
                   runtime_,
                   "test"},
                  key_of(seed)) {
    house.random.seed(seed);
    house.on_shown_changed = [this](base::user_key u) { federation_.shown_changed(u); };
    federation_.load(*house.store);
    federation_.ready();
    runtime_.start(*this);
}

real_house::~real_house() {
    outgoing.stop();
    runtime_.stop();
}

void real_house::on_request(const ports::http_request& r) {
    auto kept = std::make_shared<kept_request>(
        kept_request{r.handle, std::string{r.method}, std::string{r.path}, std::string{r.query},
                     std::string{r.authorization}, std::string{r.body}});
    doorstep_.post([this, kept = std::move(kept)]() mutable { take(std::move(kept)); });
}

void real_house::take(std::shared_ptr<kept_request> r) {
    if (!r->path.starts_with(send_prefix)) {
        handle(*r);
        return;
    }
    came.push_back(json::parse(r->body).get_object());
    held_.push_back(std::move(r));
    if (!holds) {
        let_one_go();
    }
}

void real_house::let_one_go() {
    const auto r = std::move(held_.front());
    held_.pop_front();
    handle(*r);
}

void real_house::handle(const kept_request& r) {
    ports::http_request seen;
    seen.handle = r.handle;
    seen.method = r.method;
    seen.path = r.path;
    seen.query = r.query;
    seen.authorization = r.authorization;
    seen.content_type = "application/json";
    seen.body = r.body;
    federation_.handler().on_request(seen);
}

std::vector<homeserver::caller> real_house::people(std::size_t n, presence::state s) {
    std::vector<homeserver::caller> all;
    for (std::size_t i = 0; i < n; ++i) {
        all.push_back(house.sign_up("u" + std::to_string(next_person_++)).who);
        put(all.back(), s, s == presence::state::offline ? "" : "here");
    }
    house.settle();
    return all;
}

void real_house::put(const homeserver::caller& who, presence::state s, const std::string& text) {
    presence::put_request r;
    r.asked = s;
    if (!text.empty()) {
        r.text = text;
    }
    house.statuses.put(who, std::move(r), [](const matrix::outcome<void>&) {});
}

std::size_t real_house::edus() const {
    std::size_t n = 0;
    for (const json::object& body : came) {
        n += body.at("edus").get_array().size();
    }
    return n;
}

std::size_t real_house::pushes() const {
    std::size_t n = 0;
    for (const json::object& body : came) {
        for (const json::value& e : body.at("edus").get_array()) {
            const auto* push = e.at("content").get_object().if_contains("push");
            n += push ? push->get_array().size() : 0;
        }
    }
    return n;
}

// --- both ---

void real_pair::settle() {
    for (;;) {
        near.house.settle();
        far.house.settle();
        if (doorstep_.step()) {
            continue;
        }
        const std::size_t by_choice = near.waiting() + far.waiting();
        if (near.client.under_way() + far.client.under_way() == by_choice) {
            return;
        }
        if (!doorstep_.wait()) {
            ADD_FAILURE() << "no answer came over the sockets";
            return;
        }
    }
}

void real_pair::advance(base::milliseconds d) {
    settle();
    const base::mono_time end = near.house.clock.at.mono + d;
    while (near.house.clock.at.mono < end) {
        base::mono_time stop = end;
        for (real_house* h : {&near, &far}) {
            for (const auto& due : {h->house.decider.next(), h->house.engine.next_turn()}) {
                if (due && *due > near.house.clock.at.mono) {
                    stop = std::min(stop, *due);
                }
            }
        }
        for (real_house* h : {&near, &far}) {
            h->house.clock.at.wall += stop - h->house.clock.at.mono;
            h->house.clock.at.mono = stop;
        }
        settle();
    }
}

}  // namespace porchlight::test
