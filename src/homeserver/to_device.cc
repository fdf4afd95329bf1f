#include "homeserver/to_device.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

#include "base/limits.h"
#include "base/metrics.h"
#include "homeserver/durable_log.h"
#include "homeserver/transactions.h"

namespace porchlight::homeserver {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;

namespace {

constexpr auto limits_name = "porchlight_limits_reached_total";
constexpr auto limits_help = "Limits reached, by limit.";
base::metrics::counter waiting_limit{limits_name, limits_help, "limit=\"to_device_waiting\""};
base::metrics::counter call_limit{limits_name, limits_help, "limit=\"to_device_per_call\""};
base::metrics::counter content_limit{limits_name, limits_help, "limit=\"to_device_content_bytes\""};

std::optional<failure> over_a_limit(const std::vector<to_device::message>& messages) {
    for (const auto& m : messages) {
        if (m.type.empty() || m.type.size() > limits::id_bytes_max) {
            return fail(errc::invalid_param, "A type has 1 to 255 bytes.");
        }
        if (m.content.size() > limits::to_device_content_bytes_max) {
            content_limit.add();
            return fail(errc::too_large, "The content for a device may have at most " +
                                             std::to_string(limits::to_device_content_bytes_max) +
                                             " bytes.");
        }
    }
    return std::nullopt;
}

}  // namespace

struct to_device::impl {
    impl(services& with, accounts& a) : s(with), known(a), start(with.log.last_applied()) {}

    using positions = std::vector<std::uint64_t>;  // ascending, never empty

    services& s;
    accounts& known;
    transactions recent{s, known, limits::transactions_kept_max};
    const std::uint64_t start;
    boost::unordered_flat_map<device_key, positions, std::hash<device_key>> waiting;

    void write_removal(
        device_key d, std::uint64_t up_to, base::unique_function<void(bool)> done = [](bool) {}) {
        s.log.write_behind({ports::to_device_removal{d, up_to}}, std::move(done));
    }
    void drop_oldest(device_key d, positions& p);
    void arrived(device_key d, std::uint64_t position);
};

to_device::to_device(services& s, accounts& a) : impl_(std::make_unique<impl>(s, a)) {
    a.on_device_ended([&m = *impl_](device_key d) { m.waiting.erase(d); });
}
to_device::~to_device() = default;

void to_device::load(ports::store_reader& store) {
    impl& m = *impl_;
    store.to_device_positions(
        [&m](device_key d, std::uint64_t position) { m.waiting[d].push_back(position); });
    std::vector<device_key> gone;
    for (auto& [device, positions] : m.waiting) {
        if (m.known.exists(device)) {
            m.drop_oldest(device, positions);
        } else {  // it logged out while the message was on its way
            m.write_removal(device, positions.back());
            gone.push_back(device);
        }
    }
    for (const device_key d : gone) {
        m.waiting.erase(d);
    }
}

// --- sending ---

void to_device::add(ports::write_set& set, const message& m, letters& sent) {
    const auto write = [&](device_key d) {
        const auto position = impl_->s.log.next_position();
        set.push_back(ports::to_device_row{d, position, m.type, m.sender, m.content});
        sent.to.emplace_back(d, position);
    };
    const auto before = sent.to.size();
    for (const device_info& d : impl_->known.devices(m.to)) {
        if (!m.device || d.device == *m.device) {
            write(d.device);
        }
    }
    if (sent.to.size() != before) {
        sent.users.push_back(m.to);
    }
}

void to_device::impl::drop_oldest(device_key d, positions& p) {
    if (p.size() > limits::to_device_waiting_max) {
        const auto kept = p.end() - static_cast<std::ptrdiff_t>(limits::to_device_waiting_max);
        waiting_limit.add(static_cast<std::uint64_t>(kept - p.begin()));
        write_removal(d, *(kept - 1));
        p.erase(p.begin(), kept);
    }
}

void to_device::impl::arrived(device_key d, std::uint64_t position) {
    if (!known.exists(d)) {  // logged out while the message was on its way
        write_removal(d, position);
        return;
    }
    auto& p = waiting[d];
    p.push_back(position);
    drop_oldest(d, p);
}

void to_device::delivered(const letters& sent) {
    for (const auto& [device, position] : sent.to) {
        impl_->arrived(device, position);
    }
    for (const user_key u : sent.users) {
        impl_->s.engine.wake(u, impl_->s.clock.now());
    }
}

void to_device::send(caller who, std::string kind, std::string txn_id,
                     std::vector<message> messages, completion<void> done) {
    if (const auto refused = over_a_limit(messages)) {
        done(*refused);
        return;
    }
    auto first = [m = impl_.get(), this, who, kind, txn_id,
                  messages = std::move(messages)](completion<std::string> answer) mutable {
        ports::write_set set;
        letters sent;
        for (const message& each : messages) {
            add(set, each, sent);
        }
        if (sent.to.size() > limits::to_device_per_call_max) {
            call_limit.add();
            answer(fail(errc::invalid_param, "One request may send to at most " +
                                                 std::to_string(limits::to_device_per_call_max) +
                                                 " devices"));
            return;
        }
        set.push_back(ports::transaction_row{who.device, kind, txn_id, {}, m->s.clock.now().wall});
        // The last message's position, if there is one: what is given out as D is in the store.
        const auto position = sent.to.empty() ? m->s.log.next_position() : sent.to.back().second;
        m->s.log.commit(position, std::move(set),
                        [this, sent = std::move(sent), f = std::move(answer)](bool ok) mutable {
                            if (ok) {
                                delivered(sent);
                            }
                            f(ok ? outcome<std::string>{std::string{}} : fail(errc::unavailable));
                        });
    };
    impl_->recent.once(
        who, std::move(kind), std::move(txn_id),
        [f = std::move(done)](outcome<std::string> r) mutable {
            f(r ? outcome<void>{} : outcome<void>{r.error()});
        },
        std::move(first));
}

// --- giving ---

std::uint64_t to_device::told_by(const engine::token& presented) const {
    // A token from the future was made in an earlier run, when all that was stored then was told.
    const bool from_future = presented.durable > impl_->s.log.last_applied();
    return std::min(presented.messages_told(), from_future ? impl_->start : presented.durable);
}

void to_device::acknowledged(device_key d, std::uint64_t told) {
    impl& m = *impl_;
    const auto found = m.waiting.find(d);
    if (found == m.waiting.end() || found->second.front() > told) {
        return;
    }
    impl::positions& p = found->second;
    const auto rest = std::ranges::upper_bound(p, told);
    impl::positions forgotten(p.begin(), rest);
    p.erase(p.begin(), rest);
    if (p.empty()) {
        m.waiting.erase(found);
    }
    const std::uint64_t up_to = forgotten.back();
    m.write_removal(d, up_to, [&m, d, forgotten = std::move(forgotten)](bool ok) {
        if (!ok && m.known.exists(d)) {  // they are still in the store; the next token tries again
            auto& since = m.waiting[d];
            since.insert(since.begin(), forgotten.begin(), forgotten.end());
        }
    });
}

std::optional<std::uint64_t> to_device::waiting_after(device_key d, std::uint64_t told) const {
    const auto found = impl_->waiting.find(d);
    if (found == impl_->waiting.end() || found->second.back() <= told) {
        return std::nullopt;
    }
    return std::max(told, found->second.front() - 1);
}

}  // namespace porchlight::homeserver
