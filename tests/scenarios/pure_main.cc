#include "scenarios/cases.h"
#include "scenarios/pure_harness.h"

namespace porchlight::scenarios {
namespace {

const bool cases = add_cases("pure", [] { return std::make_unique<pure_harness>(); });

}  // namespace
}  // namespace porchlight::scenarios
