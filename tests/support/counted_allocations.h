#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

// Counts what the including executable allocates, by replacing the global operators. Include it in
// exactly one .cc of an executable; under a sanitizer its own operators are replaced with these.
namespace porchlight::testing {
inline thread_local std::size_t allocations = 0;
}  // namespace porchlight::testing

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // new and delete are replaced as a pair

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++porchlight::testing::allocations;
    return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
    if (void* p = operator new(size, std::nothrow)) {
        return p;
    }
    throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
    std::free(p);
}
