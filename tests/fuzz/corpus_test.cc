// Runs one fuzzer's corpus as a test, so that what a fuzzer once found stays found.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

TEST(corpus, every_input_is_survived_and_its_properties_hold) {
    const std::filesystem::path folder =
        std::filesystem::path(PORCHLIGHT_TESTS_DIR) / "fuzz/corpus" / PORCHLIGHT_CORPUS;
    std::size_t inputs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        SCOPED_TRACE(entry.path().filename().string());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                         bytes.size()),
                  0);
        ++inputs;
    }
    EXPECT_GT(inputs, 0U) << folder << " is empty";
}
