#pragma once

namespace porchlight::net::test {

// A deleter for std::unique_ptr that calls the C function F.
template <auto F>
struct freed_by {
    template <class T>
    void operator()(T* p) const {
        F(p);
    }
};

}  // namespace porchlight::net::test
