#include "load/observers.h"

#include <cmath>
#include <utility>

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

// Beyond a poll's own timeout, before the server counts as silent.
constexpr auto patience = 30s;
constexpr auto after_a_break = 1s;
constexpr std::size_t examples_max = 10;

std::string refusal(const answer& a) {
    return "/sync was answered " + std::to_string(a.status) + " " +
           std::string(a.body.substr(0, 200));
}

}  // namespace

observer::observer(observer_group& group, std::size_t number)
    : connection(group.loop_, group.shared_.where), group_(group), number_(number) {}

void observer::arrive(moment intended) {
    intended_ = intended;
    gone_ = false;
    returning_ = !since_.empty();
    poll();
}

void observer::vanish() {
    connection::vanish();
    gone_ = true;
    if (std::exchange(present_, false)) {
        --group_.present_;
    }
}

void observer::poll() {
    if (waiting() || gone_) {
        return;
    }
    const auto& shared = group_.shared_;
    const auto& who = shared.accounts[number_];
    // What answers an arrival must not wait for news.
    const auto timeout = present_ ? shared.poll_timeout : 0ms;
    auto& request = loop().request();
    where().frame.begin(request, "GET");
    request.append("/_matrix/client/v3/sync?timeout=").append(std::to_string(timeout.count()));
    request.append("&filter=").append(who.filter_id);
    if (shared.views[number_].own == view::nobody && !shared.set_presence.empty()) {
        request.append("&set_presence=").append(shared.set_presence);
    }
    if (!since_.empty()) {
        request.append("&since=").append(since_);
    }
    where().frame.end(request, who.token);
    send(request, timeout + patience);
}

void observer::poll_after(moment delay) {
    loop().after(delay, [this] { poll(); });
}

void observer::answered(const answer& a) {
    if (a.status == 429) {
        ++group_.into_[count::rate_limited];
        poll_after(retry_delay(a));
        return;
    }
    const auto token = a.status == 200 ? next_batch(a.body) : std::string_view{};
    if (token.empty()) {
        ++group_.into_[count::refused];
        group_.into_.problem(refusal(a));
        poll_after(after_a_break);
        return;
    }
    take(a.body);
    since_ = url_encoded(token);
    if (!std::exchange(present_, true)) {
        auto& times = returning_ ? group_.into_.comeback : group_.into_.first_sync;
        times.record(loop().now() - intended_);
        ++group_.present_;
    }
    poll();
}

void observer::take(std::string_view body) {
    auto& into = group_.into_;
    const auto now = loop().now();
    bool news = false;
    while (const auto s = group_.scanner_.next(body)) {
        const auto note = group_.held_.take(number_, *s);
        switch (note.kind) {
            case held_states::what::seen:
                news = true;
                ++into[count::deliveries];
                into[count::replaced] += note.replaced;
                into.delivered(s->intended, now);
                break;
            case held_states::what::repeated:
                ++into[count::repeated];
                break;
            case held_states::what::backwards:
                ++into[count::backwards];
                break;
            case held_states::what::own:
                break;
            case held_states::what::unexpected:
                ++into[count::unexpected];
                break;
        }
    }
    ++into[count::polls];
    into[count::polls_empty] += news ? 0 : 1;
}

void observer::broken(std::string_view why) {
    ++group_.into_[count::broken];
    group_.into_.problem("/sync: " + std::string(why));
    poll_after(after_a_break);
}

observer_group::observer_group(event_loop& loop, shared s, measurements& into)
    : loop_(loop),
      shared_(std::move(s)),
      into_(into),
      scanner_(shared_.run),
      held_(shared_.views, shared_.subjects) {
    observers_.reserve(shared_.views.size());
    for (std::size_t i = 0; i < shared_.views.size(); ++i) {
        observers_.push_back(std::make_unique<observer>(*this, i));
    }
}

moment observer_group::arrival(std::size_t index) const {
    const auto number = static_cast<double>(shared_.first + index);
    return arrivals_begin_ + moment(std::llround(number * 1e6 / arrivals_per_second_));
}

void observer_group::arrive_all(moment begin, double per_second) {
    arrivals_begin_ = begin;
    arrivals_per_second_ = per_second;
    arrived_ = 0;
    arrive_due();
}

void observer_group::arrive_due() {
    constexpr std::size_t at_once = 64;  // then the loop has its turn
    const auto now = loop_.now();
    for (std::size_t n = 0; n < at_once && arrived_ < size() && arrival(arrived_) <= now; ++n) {
        observers_[arrived_]->arrive(arrival(arrived_));
        ++arrived_;
    }
    if (arrived_ < size()) {
        loop_.at(arrival(arrived_), [this] { arrive_due(); });
    }
}

void observer_group::vanish_all() {
    for (const auto& o : observers_) {
        o->vanish();
    }
}

void observer_group::judge(std::span<const std::uint32_t> last) {
    into_[count::lost] = held_.lost(last, &into_.lost_examples, examples_max);
    for (auto& example : into_.lost_examples) {
        example.observer += shared_.first;
    }
}

void observer_group::check_patience() {
    const auto now = loop_.now();
    for (const auto& o : observers_) {
        o->check_patience(now);
    }
}

}  // namespace porchlight::load
