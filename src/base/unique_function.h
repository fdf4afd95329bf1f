#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace porchlight::base {

template <class Signature>
class unique_function;

// A callable that may own what cannot be copied (C++23's std::move_only_function, one allocation).
template <class R, class... Args>
class unique_function<R(Args...)> {
  public:
    unique_function() = default;
    unique_function(std::nullptr_t) {}
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, unique_function> &&
                 std::is_invocable_r_v<R, F&, Args...>)
    unique_function(F&& f)
        : target_(std::make_unique<holder<std::decay_t<F>>>(std::forward<F>(f))) {}

    explicit operator bool() const { return target_ != nullptr; }
    // REQUIRES: not empty.
    R operator()(Args... args) { return target_->call(std::forward<Args>(args)...); }

  private:
    struct base {
        virtual ~base() = default;
        virtual R call(Args... args) = 0;
    };
    template <class F>
    struct holder final : base {
        F f;
        template <class G>
        explicit holder(G&& g) : f(std::forward<G>(g)) {}
        R call(Args... args) override { return f(std::forward<Args>(args)...); }
    };
    std::unique_ptr<base> target_;
};

}  // namespace porchlight::base
