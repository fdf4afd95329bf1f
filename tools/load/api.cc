#include "load/api.h"

#include <utility>

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr auto after_a_break = 500ms;
constexpr unsigned breaks_max = 5;      // of one call; more: the server cannot be reached
constexpr unsigned refusals_max = 100;  // 429 or 503 for one call

}  // namespace

class api::asker final : public connection {
  public:
    asker(api& owner, event_loop& loop, const endpoint& where)
        : connection(loop, where), owner_(owner) {}

    void next() {
        if (owner_.begun_ < owner_.calls_->size() && owner_.failed_.empty()) {
            number_ = owner_.begun_++;
            breaks_ = refusals_ = 0;
            again();
        }
    }

  private:
    void again() {
        if (owner_.calls_ == nullptr || waiting()) {
            return;  // the batch was given up
        }
        const auto& call = (*owner_.calls_)[number_];
        auto& request = loop().request();
        where().frame.begin(request, call.method);
        request.append("/_matrix/client").append(call.target);
        if (call.method == "GET") {
            where().frame.end(request, call.token);
        } else {
            where().frame.end_with_body(request, call.token, call.body);
        }
        send(request, patience);
    }

    void answered(const answer& a) override {
        if (a.status == 429 || a.status == 503) {
            owner_.rate_limited_ += a.status == 429 ? 1 : 0;
            if (++refusals_ > refusals_max) {
                give_up("was answered " + std::to_string(a.status) + " again and again");
                return;
            }
            loop().after(retry_delay(a), [this] { again(); });
            return;
        }
        owner_.replies_[number_] = {a.status, std::string(a.body)};
        ++owner_.done_;
        next();
    }

    void broken(std::string_view why) override {
        if (++breaks_ > breaks_max) {
            give_up(why);
            return;
        }
        loop().after(after_a_break, [this] { again(); });
    }

    void give_up(std::string_view why) {
        if (owner_.calls_ != nullptr && owner_.failed_.empty()) {
            const auto& call = (*owner_.calls_)[number_];
            owner_.failed_ = call.method + " " + call.target + ": " + std::string(why);
        }
    }

    api& owner_;
    std::size_t number_ = 0;
    unsigned breaks_ = 0, refusals_ = 0;
};

api::api(event_loop& loop, const endpoint& where, std::size_t connections, stop stopped)
    : loop_(loop), stopped_(std::move(stopped)) {
    for (std::size_t i = 0; i < connections; ++i) {
        askers_.push_back(std::make_unique<asker>(*this, loop, where));
    }
}

api::~api() = default;

std::vector<api_reply> api::ask(const std::vector<api_call>& calls, const progress& told) {
    calls_ = &calls;
    replies_.assign(calls.size(), {});
    begun_ = done_ = 0;
    failed_.clear();
    for (const auto& a : askers_) {
        a->next();
    }
    loop_.run_until([&] {
        if (told) {
            told(done_);
        }
        return done_ == calls.size() || !failed_.empty() || stopped_();
    });
    const bool complete = done_ == calls.size();
    calls_ = nullptr;
    if (!failed_.empty()) {
        throw failure(failed_);
    }
    if (!complete) {
        throw failure("interrupted before the load began");
    }
    return std::exchange(replies_, {});
}

}  // namespace porchlight::load
