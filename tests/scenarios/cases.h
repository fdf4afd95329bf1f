#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <memory>
#include <string>

#include "scenarios/harness.h"

namespace porchlight::scenarios {

// One GoogleTest case for each .scn file, played in a new harness. Call it from the initializer of
// a namespace-scope object, before main:
//   const bool cases = add_cases("pure", [] { return std::make_unique<pure_harness>(); });
inline bool add_cases(const std::string& suite, std::function<std::unique_ptr<harness>()> make) {
    struct one_scenario : testing::Test {
        one_scenario(std::filesystem::path f, std::function<std::unique_ptr<harness>()> m)
            : file(std::move(f)), make_harness(std::move(m)) {}
        void TestBody() override {
            const std::unique_ptr<harness> h = make_harness();
            const outcome o = run_scenario(file, *h);
            if (o.skipped) {
                GTEST_SKIP() << "not for the harness " << h->name();
            }
            for (const std::string& failure : o.failures) {
                ADD_FAILURE() << failure;
            }
        }
        std::filesystem::path file;
        std::function<std::unique_ptr<harness>()> make_harness;
    };
    const std::filesystem::path folder = PORCHLIGHT_TESTS_DIR "/scenarios";
    for (const std::filesystem::path& file : scenario_files(folder)) {
        std::string name = file.stem().string();
        std::replace_if(
            name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
        testing::RegisterTest(("scenarios_" + suite).c_str(), name.c_str(), nullptr, nullptr,
                              file.c_str(), 1,
                              [=]() -> testing::Test* { return new one_scenario(file, make); });
    }
    return true;
}

}  // namespace porchlight::scenarios
