#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

#include "storage/memory_store.h"
#include "storage/sqlite_store.h"
#include "unit/storage/temporary_folder.h"

// The adapters of ports/store.h, for suites that all of them must pass.
namespace porchlight::storage::testing {

struct memory_adapter {
    static constexpr bool lasts = false;
    std::unique_ptr<ports::store> open() { return std::make_unique<memory_store>(); }
};
struct sqlite_adapter {
    static constexpr bool lasts = true;
    temporary_folder folder;
    std::unique_ptr<ports::store> open() {
        return std::make_unique<sqlite_store>(sqlite_settings{.path = folder / "porchlight.db"});
    }
};

template <class Adapter>
class store_conformance : public ::testing::Test {
  protected:
    // Where rows last, what is read has been through the file.
    ports::store& reopened() {
        if constexpr (Adapter::lasts) {
            store_.reset();
            store_ = adapter_.open();
        }
        return *store_;
    }
    Adapter adapter_;
    std::unique_ptr<ports::store> store_ = adapter_.open();
};

struct adapter_name {
    template <class Adapter>
    static std::string GetName(int) {
        return std::is_same_v<Adapter, memory_adapter> ? "memory" : "sqlite";
    }
};
using adapters = ::testing::Types<memory_adapter, sqlite_adapter>;

}  // namespace porchlight::storage::testing
