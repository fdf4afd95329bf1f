#pragma once

#include "engine/engine.h"

namespace porchlight::bench {

// What is outside of an engine whose deliveries alone matter: everybody has the same profile, and
// nothing is stored.
class quiet_outside : public engine::outside {
  public:
    engine::profile profile_of(base::user_key) const override {
        return {"@user12345:example.org", "Some One", {}};
    }
    void save(const ports::presence_row&) override {}
    void save(const ports::status_row&) override {}
    void save(const ports::loss_row&) override {}
    void forget(const ports::loss_removal&) override {}
    void reserve_presence_positions(std::uint64_t) override {}
    void now_dirty(base::user_key) override {}
};

}  // namespace porchlight::bench
