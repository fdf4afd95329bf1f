// What federation costs on the deciding thread, in this thread's CPU time; the clock of the server
// is set by hand, and other servers answer at once or after a while of that clock.
//
//   federation outbound|inbound|sight    prints lines: NAME VALUE [YARDSTICK]
//
// Yardsticks are libsodium alone, in turns with what they stand beside.

#include <malloc.h>
#include <sodium.h>
#include <time.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "federation/inbound.h"
#include "matrix/request_signature.h"
#include "support/peer_world.h"

namespace {

using namespace porchlight;
using namespace std::chrono_literals;
using base::user_key;

double cpu_us() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

std::size_t bytes_in_use() {
    return ::mallinfo2().uordblks;
}

matrix::signing_key key_of(std::size_t n) {
    std::array<std::uint8_t, 32> seed{};
    std::memcpy(seed.data(), &n, sizeof n);
    return {"ed25519:bench", seed};
}

// Every server takes everything, 50 ms later; each transaction is signed and written, as on its
// way out.
class taking final : public federation::peer_requests {
  public:
    explicit taking(test::house_bench& h) : house_(h) {}
    void send(federation::peer_request r, answer done) override {
        ++transactions;
        most = std::max(most, ++under_way);
        edus += r.body->at("edus").get_array().size();
        for (const auto& e : r.body->at("edus").get_array()) {
            if (const auto* content = e.get_object().if_contains("content")) {
                if (const auto* list = content->get_object().if_contains("push")) {
                    pushes += list->get_array().size();
                }
            }
        }
        const double from = cpu_us();
        const std::string header = matrix::sign_request({.method = r.method,
                                                         .uri = r.target,
                                                         .origin = "near",
                                                         .destination = r.server,
                                                         .content = &*r.body},
                                                        key_);
        bytes += header.size() + boost::json::serialize(*r.body).size();
        signing_us += cpu_us() - from;
        auto shared = std::make_shared<answer>(std::move(done));
        house_.decider.post_after(50ms, [this, shared] {
            --under_way;
            federation::peer_answer a;
            a.status = 200;
            a.body = R"({"pdus":{}})";
            (*shared)(std::move(a));
        });
    }
    std::size_t transactions = 0, edus = 0, pushes = 0, bytes = 0;
    int under_way = 0, most = 0;
    double signing_us = 0;

  private:
    test::house_bench& house_;
    const matrix::signing_key key_ = key_of(1);
};

// A server of its own, without a network.
struct server {
    explicit server(presence::auto_accept accepts = presence::auto_accept::never)
        : house(nullptr, wish(accepts)) {
        house.on_shown_changed = [this](user_key u) { peers.shown_changed(u); };
        house.settle();
    }
    static homeserver::settings wish(presence::auto_accept accepts) {
        homeserver::settings s = test::house_bench::cheap_settings();
        s.server_name = "near";
        s.auto_accept = accepts;
        return s;
    }
    user_key add(std::size_t i) {
        user_key u;
        house.accounts.add_account("u" + std::to_string(i), "",
                                   [&u](matrix::outcome<user_key> r) { u = *r; });
        house.settle();
        return u;
    }
    void put(user_key u, presence::state s) {
        presence::put_request r;
        r.asked = s;
        house.engine.put(u, base::device_key{u.value}, r, house.clock.at);
    }
    test::house_bench house;
    federation::settings config;
    test::hand_directory rooms;
    taking requests{house};
    federation::outbox out{config, house.services, requests};
    federation::presence_peers peers{house.services, house.accounts, house.lists, out, rooms};
    federation::transactions in{house.services, house.lists, peers};
};

double signature_us(std::size_t text_bytes) {
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
    crypto_sign_keypair(open.data(), secret.data());
    const std::string text(text_bytes, 'x');
    std::array<unsigned char, crypto_sign_BYTES> s{};
    constexpr int rounds = 500;
    const double from = cpu_us();
    for (int i = 0; i < rounds; ++i) {
        crypto_sign_detached(s.data(), nullptr, reinterpret_cast<const unsigned char*>(text.data()),
                             text.size(), secret.data());
    }
    return (cpu_us() - from) / rounds;
}

// 1,000 subjects, each observed from 50 of 10,000 servers; 1,000 flips a second for 20 s.
void outbound() {
    constexpr std::size_t subjects = 1000, servers = 10'000, each = 50;
    server s(presence::auto_accept::everyone);
    std::vector<user_key> all;
    for (std::size_t i = 0; i < subjects; ++i) {
        all.push_back(s.add(i));
    }
    const std::size_t before = bytes_in_use();
    for (std::size_t i = 0; i < servers; ++i) {
        s.out.key("server" + std::to_string(i) + ".example.org");
    }
    std::printf("destination_bytes %.0f\n", static_cast<double>(bytes_in_use() - before) / servers);
    for (std::size_t i = 0; i < subjects; ++i) {
        for (std::size_t k = 0; k < each; ++k) {
            s.house.lists.hear(
                homeserver::lists::word::invite,
                "@o:server" + std::to_string((i * each + k) * 7919 % servers) + ".example.org",
                "@u" + std::to_string(i) + ":near", [](const matrix::outcome<void>&) {});
        }
        s.house.settle();
    }
    s.house.advance(30s);
    s.requests.pushes = s.requests.transactions = s.requests.bytes = 0;
    s.requests.signing_us = 0;
    const double from = cpu_us();
    for (std::size_t ms = 0; ms < 20'000; ++ms) {
        const user_key u = all[ms * 7919 % subjects];
        s.put(u, ms / subjects % 2 == 0 ? presence::state::unavailable : presence::state::online);
        s.house.advance(1ms);
    }
    const double spent = cpu_us() - from;
    const auto pushes = static_cast<double>(s.requests.pushes);
    const auto transactions = static_cast<double>(s.requests.transactions);
    const double yardstick =
        signature_us(s.requests.bytes / std::max<std::size_t>(s.requests.transactions, 1));
    std::printf("pushes %.0f\n", pushes);
    std::printf("pushes_per_transaction %.2f\n", pushes / transactions);
    std::printf("us_per_push %.2f\n", (spent - s.requests.signing_us) / pushes);
    std::printf("us_to_sign_and_write %.2f %.2f\n", s.requests.signing_us / transactions,
                yardstick);
}

class recording final : public ports::http_sender {
  public:
    void respond(ports::http_handle, ports::http_response r) override {
        good += r.status == 200 ? 1 : 0;
    }
    void post(std::uint32_t, base::unique_function<void()> t) override { t(); }
    void respond_now(const ports::http_delivery&) override {}
    std::uint32_t thread_count() const override { return 1; }
    std::size_t good = 0;
};

// The key documents of a hundred servers.
class keys_of_all final : public federation::peer_requests {
  public:
    explicit keys_of_all(test::hand_clock& c) : clock_(c) {}
    void send(federation::peer_request r, answer done) override {
        federation::peer_answer a;
        a.status = 200;
        a.body = federation::key_document(r.server, key_of(std::stoul(r.server.substr(3))),
                                          clock_.at.wall + 24h);
        done(std::move(a));
    }

  private:
    test::hand_clock& clock_;
};

// Small transactions of 100 servers, from the bytes of the request to the answer.
void inbound() {
    constexpr std::size_t origins = 100, count = 20'000, block = 500;
    server s;
    const user_key observer = s.add(0);
    keys_of_all documents(s.house.clock);
    federation::key_ring ring(documents, s.house.clock);
    recording http;
    const matrix::signing_key own = key_of(1000);
    federation::inbound door(
        {s.config, s.house.services, s.house.accounts, own, ring, s.in, s.out, http, "bench"});
    std::vector<std::string> bodies, headers, paths;
    for (std::size_t i = 0; i < origins; ++i) {
        const std::string origin = "far" + std::to_string(i);
        ring.want(origin, "ed25519:bench", [](const matrix::outcome<matrix::verify_key>&) {});
        const user_key subject = s.house.accounts.names().hold("@friend:" + origin);
        s.house.engine.remote_user(subject);
        s.house.engine.accepted(observer, subject, s.house.clock.at);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::string origin = "far" + std::to_string(i % origins);
        boost::json::object push{{"user_id", "@friend:" + origin},
                                 {"presence", i / origins % 2 == 0 ? "online" : "unavailable"},
                                 {"last_active_ago", 1000},
                                 {"currently_active", false}};
        boost::json::value body = boost::json::object{
            {"origin", origin},
            {"origin_server_ts", 1'700'000'000'000},
            {"pdus", boost::json::array{}},
            {"edus",
             {boost::json::object{{"edu_type", "m.presence"},
                                  {"content", {{"push", boost::json::array{push}}}}}}}};
        paths.push_back("/_matrix/federation/v1/send/" + std::to_string(i));
        headers.push_back(matrix::sign_request({.method = "PUT",
                                                .uri = paths.back(),
                                                .origin = origin,
                                                .destination = "near",
                                                .content = &body},
                                               key_of(i % origins)));
        bodies.push_back(boost::json::serialize(body));
    }
    // The yardstick: as many verifications of a text as long.
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
    crypto_sign_keypair(open.data(), secret.data());
    const std::string text = bodies[0] + paths[0] + "near and far and a method";
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    crypto_sign_detached(signature.data(), nullptr, bytes, text.size(), secret.data());

    double spent = 0;
    double yardstick = 0;
    std::size_t verified = 0;
    for (std::size_t i = 0; i < count; i += block) {
        double from = cpu_us();
        for (std::size_t k = i; k < i + block; ++k) {
            ports::http_request r;
            r.method = "PUT";
            r.path = paths[k];
            r.authorization = headers[k];
            r.body = bodies[k];
            door.on_request(r);
            s.house.settle();
        }
        spent += cpu_us() - from;
        from = cpu_us();
        for (std::size_t k = 0; k < block; ++k) {
            verified +=
                crypto_sign_verify_detached(signature.data(), bytes, text.size(), open.data()) == 0
                    ? 1
                    : 0;
        }
        yardstick += cpu_us() - from;
    }
    if (http.good != count || verified != count) {
        std::fprintf(stderr, "%zu of %zu were taken\n", http.good, count);
        std::exit(1);
    }
    std::printf("inbound_per_second %.0f %.0f\n", count / spent * 1e6, count / yardstick * 1e6);
}

// A server meets 100,000 users of ours at once.
void sight() {
    constexpr std::size_t count = 100'000;
    server s;
    std::vector<user_key> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(s.add(i));
        s.put(all.back(), presence::state::unavailable);  // nothing of them changes meanwhile
    }
    s.house.settle();
    s.rooms.know("far.example.org", all);
    const double from = cpu_us();
    s.peers.met("far.example.org", all);
    double longest = cpu_us() - from;
    for (bool busy = true; busy;) {
        const double begun = cpu_us();
        busy = s.house.decider.step();
        longest = std::max(longest, cpu_us() - begun);
    }
    s.house.advance(150s);
    std::printf("sight_pushes %zu\n", s.requests.pushes);
    std::printf("sight_edus %zu %zu\n", s.requests.edus, (count + 49) / 50);
    std::printf("sight_transactions %zu\n", s.requests.transactions);
    std::printf("sight_at_once %d 1\n", s.requests.most);
    std::printf("sight_longest_call_ms %.1f\n", longest / 1000);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc == 2 ? argv[1] : "";
    if (sodium_init() < 0 || (what != "outbound" && what != "inbound" && what != "sight")) {
        std::fputs("federation outbound|inbound|sight\n", stderr);
        return 2;
    }
    what == "outbound" ? outbound() : what == "inbound" ? inbound() : sight();
    return 0;
}
