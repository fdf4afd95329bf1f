#include "load/publishers.h"

#include <utility>

#include "load/sync_scan.h"

namespace porchlight::load {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;
constexpr std::size_t due_at_once = 256;  // then the loop has its turn

}  // namespace

publisher::publisher(publisher_group& group, std::uint32_t subject)
    : connection(group.loop_, group.shared_.where), group_(group), subject_(subject) {}

void publisher::due(moment intended) {
    auto& into = group_.into_;
    ++into[count::changes_due];
    ++into.interval_at(intended).due;
    into[count::changes_given_up] += queue_.due(intended) ? 0 : 1;
    send_next();
}

void publisher::send_next() {
    if (const auto change = queue_.begin()) {
        ++group_.into_[count::changes_sent];
        group_.into_.late.sent(change->intended, loop().now());
        send_under_way();
    }
}

void publisher::send_under_way() {
    if (waiting() || !queue_.under_way()) {
        return;  // given up while it waited for its turn
    }
    const auto& shared = group_.shared_;
    const auto& who = shared.accounts[shared.subjects[subject_]];
    const auto& change = *queue_.under_way();
    const auto text = status_text(shared.run, {subject_, change.sequence, change.intended});
    auto& request = loop().request();
    where().frame.begin(request, "PUT");
    request.append("/_matrix/client/v3/presence/").append(url_encoded(who.user_id));
    request.append("/status");
    where().frame.end_with_body(request, who.token,
                                R"({"presence":"online","status_msg":")" + text + "\"}");
    send(request, patience);
}

void publisher::answered(const answer& a) {
    auto& into = group_.into_;
    if (a.status == 429) {
        ++into[count::rate_limited];
        // The same change, with the same moment: the wait is a part of its latency.
        loop().after(retry_delay(a), [this] { send_under_way(); });
        return;
    }
    if (a.status != 200) {
        ++into[count::refused];
        failed("was answered " + std::to_string(a.status) + " " +
               std::string(a.body.substr(0, 200)));
        return;
    }
    ++into[count::changes_acknowledged];
    into.put.record(loop().now() - queue_.under_way()->intended);
    queue_.acknowledged();
    group_.shared_.last_acknowledged[subject_].store(queue_.last_acknowledged(),
                                                     std::memory_order_release);
    send_next();
}

void publisher::broken(std::string_view why) {
    ++group_.into_[count::broken];
    failed(why);
}

void publisher::failed(std::string_view why) {
    ++group_.into_[count::changes_failed];
    group_.into_.problem("PUT .../status: " + std::string(why));
    queue_.failed();
    // Later, and not from here: a server that refuses everything must not make this a closed loop.
    loop().after(10ms, [this] { send_next(); });
}

void publisher::give_up() {
    auto& into = group_.into_;
    into[count::changes_given_up] += queue_.give_up();
    if (queue_.under_way()) {
        vanish();  // an acknowledgement from now on would come too late for any observer
        queue_.failed();
        ++into[count::changes_failed];
        into.problem("PUT .../status: no answer until the end");
    }
}

publisher_group::publisher_group(event_loop& loop, shared s, measurements& into)
    : loop_(loop), shared_(std::move(s)), into_(into) {
    for (std::uint32_t i = 0; i < shared_.subjects.size(); ++i) {
        publishers_.push_back(std::make_unique<publisher>(*this, i));
    }
}

void publisher_group::publish(moment begin, moment end) {
    into_.begin = begin;
    end_ = end;
    if (shared_.per_second > 0 && !publishers_.empty()) {
        schedule_ = std::make_unique<schedule>(shared_.per_second, shared_.pace, begin);
        publish_due();
    }
}

void publisher_group::publish_due() {
    const auto now = loop_.now();
    for (std::size_t n = 0; n < due_at_once; ++n, schedule_->advance()) {
        const auto intended = schedule_->next();
        if (intended > now || intended >= end_) {
            break;
        }
        // Of random arrivals each one's are random only if the subject is, too.
        turn_ = shared_.pace == pacing::fixed ? (turn_ + 1) % publishers_.size()
                                              : random_() % publishers_.size();
        publishers_[turn_]->due(intended);
    }
    if (schedule_->next() < end_) {
        loop_.at(schedule_->next(), [this] { publish_due(); });
    }
}

bool publisher_group::idle() const {
    for (const auto& p : publishers_) {
        if (!p->idle()) {
            return false;
        }
    }
    return true;
}

void publisher_group::give_up() {
    for (const auto& p : publishers_) {
        p->give_up();
    }
}

void publisher_group::check_patience() {
    for (const auto& p : publishers_) {
        p->check_patience(loop_.now());
    }
}

}  // namespace porchlight::load
