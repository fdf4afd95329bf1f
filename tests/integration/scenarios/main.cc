// Every scenario against the real server. They mostly wait, so several are played at once; each
// case then reports its own.
#include <future>

#include "integration/scenarios/http_harness.h"
#include "scenarios/cases.h"

namespace porchlight::scenarios {
namespace {

constexpr std::size_t at_once = 5;
constexpr int attempts = 12;  // when the machine was too busy to play in time

struct played {
    outcome result;
    std::string problem;
};

played play(const std::filesystem::path& file) {
    for (int attempt = 1;; ++attempt) {
        try {
            http_harness h;
            return {run_scenario(file, h), {}};
        } catch (const played_too_late& e) {
            if (attempt == attempts) {
                return {{}, e.what()};
            }
        } catch (const std::exception& e) {
            return {{}, e.what()};
        }
    }
}

// Plays all scenarios whose case is selected, once, and keeps what they gave.
class stage {
  public:
    explicit stage(std::vector<std::filesystem::path> files) : files_(std::move(files)) {
        for (const auto& file : files_) {
            results_[file] = std::promise<played>();
        }
        for (std::size_t i = 0; i < at_once; ++i) {
            threads_.emplace_back([this] { work(); });
        }
    }
    ~stage() {
        for (std::thread& t : threads_) {
            t.join();
        }
    }
    played wait(const std::filesystem::path& file) { return results_.at(file).get_future().get(); }

  private:
    void work() {
        for (std::size_t i = next_++; i < files_.size(); i = next_++) {
            results_.at(files_[i]).set_value(play(files_[i]));
        }
    }

    const std::vector<std::filesystem::path> files_;
    std::map<std::filesystem::path, std::promise<played>> results_;
    std::atomic<std::size_t> next_{0};
    std::vector<std::thread> threads_;
};

std::unique_ptr<stage> the_stage;

class one_scenario : public testing::Test {
  public:
    explicit one_scenario(std::filesystem::path file) : file_(std::move(file)) {}
    void TestBody() override {
        const played p = the_stage->wait(file_);
        EXPECT_EQ(p.problem, "");
        if (p.result.skipped) {
            GTEST_SKIP() << "not for the harness http";
        }
        for (const std::string& failure : p.result.failures) {
            ADD_FAILURE() << failure;
        }
    }

  private:
    std::filesystem::path file_;
};

// Starts playing once it is known which cases were asked for.
class curtain : public testing::Environment {
  public:
    void SetUp() override {
        std::vector<std::filesystem::path> files;
        const auto* unit = testing::UnitTest::GetInstance();
        for (int i = 0; i < unit->total_test_suite_count(); ++i) {
            const auto* suite = unit->GetTestSuite(i);
            for (int j = 0; j < suite->total_test_count(); ++j) {
                if (suite->GetTestInfo(j)->should_run()) {
                    files.emplace_back(suite->GetTestInfo(j)->file());
                }
            }
        }
        the_stage = std::make_unique<stage>(std::move(files));
    }
    void TearDown() override { the_stage.reset(); }
};

}  // namespace
}  // namespace porchlight::scenarios

int main(int argc, char** argv) {
    using namespace porchlight::scenarios;
    testing::InitGoogleTest(&argc, argv);
    testing::AddGlobalTestEnvironment(new curtain);
    for (const auto& file : scenario_files(PORCHLIGHT_TESTS_DIR "/scenarios")) {
        std::string name = file.stem().string();
        std::replace_if(
            name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
        testing::RegisterTest("scenarios_http", name.c_str(), nullptr, nullptr, file.c_str(), 1,
                              [file]() -> testing::Test* { return new one_scenario(file); });
    }
    return RUN_ALL_TESTS();
}
