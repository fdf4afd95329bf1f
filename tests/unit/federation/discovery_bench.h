#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "federation/discovery.h"
#include "support/house_bench.h"
#include "unit/federation/fake_internet.h"

// Discovery over an Internet written by hand.
namespace porchlight::federation {

class discovery_bench : public testing::Test {
  protected:
    using found = base::result<server_route, discovery_failure>;

    // Looks for the server; everything is answered.
    found find(const std::string& name) {
        std::optional<found> got;
        discovery->find(name, [&got](found f) {
            ASSERT(!got);
            got.emplace(std::move(f));
        });
        internet.settle();
        ASSERT(got);
        return std::move(*got);
    }
    // "address,address:port ... host=... tls=...", or the sentence of the failure.
    std::string route(const std::string& name) {
        const auto f = find(name);
        if (!f) {
            return f.error().sentence;
        }
        std::string text;
        for (const server_place& p : f->places) {
            for (const std::string& a : p.addresses) {
                text += (&a == &p.addresses.front() ? "" : ",") + a;
            }
            text += ":" + std::to_string(p.port) + " ";
        }
        return text + "host=" + f->host + " tls=" + f->tls_name;
    }
    void pass(base::milliseconds d) {
        clock.at.mono += d;
        clock.at.wall += d;
    }
    void let_private_through() {
        discovery = std::make_unique<class discovery>(discovery_settings{true}, internet, internet,
                                                      clock, random);
    }
    // How often a limit was reached.
    static std::uint64_t reached(std::string_view limit) {
        const std::string labels = "limit=\"" + std::string{limit} + "\"";
        std::uint64_t times = 0;
        for (const auto* m : base::metrics::all()) {
            if (m->name == "porchlight_limits_reached_total" && m->labels == labels) {
                times += dynamic_cast<const base::metrics::counter&>(*m).value();
            }
        }
        return times;
    }
    // "https://a.example/.well-known/matrix/server"
    static std::string file_of(const std::string& host) {
        return "https://" + host + "/.well-known/matrix/server";
    }

    test::fake_internet internet;
    test::hand_clock clock;
    test::seeded_random random;
    std::unique_ptr<class discovery> discovery =
        std::make_unique<class discovery>(discovery_settings{}, internet, internet, clock, random);
};

}  // namespace porchlight::federation
