#include "federation/service_order.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <tuple>

namespace porchlight::federation {

namespace {

// 0 to `most`, both included. 64 bits to draw from: no remainder is noticeably more frequent.
std::uint64_t draw(std::uint64_t most, ports::random& random) {
    std::array<std::uint8_t, 8> bytes;
    random.fill(bytes);
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number % (most + 1);
}

}  // namespace

std::vector<ports::service_record> order_services(std::vector<ports::service_record> records,
                                                  std::size_t most, ports::random& random) {
    // Weight 0 stands first within its priority: it is drawn, but hardly ever beside others.
    std::ranges::stable_sort(records, {}, [](const ports::service_record& r) {
        return std::tuple{r.priority, r.weight != 0};
    });
    std::vector<ports::service_record> ordered;
    while (!records.empty() && ordered.size() < most) {
        const auto end = std::ranges::find_if(records, [&](const ports::service_record& r) {
            return r.priority != records.front().priority;
        });
        std::uint64_t sum = 0;
        for (auto r = records.begin(); r != end; ++r) {
            sum += r->weight;
        }
        const std::uint64_t drawn = draw(sum, random);
        auto chosen = records.begin();
        for (std::uint64_t running = chosen->weight; running < drawn; running += chosen->weight) {
            ++chosen;
        }
        ordered.push_back(std::move(*chosen));
        records.erase(chosen);
    }
    return ordered;
}

}  // namespace porchlight::federation
