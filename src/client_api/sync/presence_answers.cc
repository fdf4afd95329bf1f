#include "client_api/sync/presence_answers.h"

#include <chrono>

#include "base/metrics.h"
#include "client_api/call.h"
#include "client_api/sync/presence_json.h"
#include "client_api/sync/stream_metrics.h"
#include "client_api/sync/sync_skeleton.h"

namespace porchlight::client_api {

namespace {

constexpr std::size_t deliveries_per_task = 500;
constexpr std::size_t jobs_kept_max = 16;

struct range {
    std::size_t begin = 0, size = 0;
};

}  // namespace

// Buffers keep their capacity from batch to batch.
struct presence_answers::job {
    std::shared_ptr<shared_batch> owner;
    const engine::batch* batch = nullptr;
    std::size_t next = 0;           // delivery
    std::string fragments;          // events of all subjects, one after another
    std::vector<range> of_subject;  // in fragments
    std::string body;

    void render();
    void compose(const engine::batch::delivery& d, const std::string* own_keys);
    const std::string* own_keys(std::size_t delivery) const {
        return owner->own_keys.empty() ? nullptr : owner->own_keys[delivery].get();
    }
};

void presence_answers::job::render() {
    fragments.clear();
    of_subject.clear();
    for (const engine::batch::subject& s : batch->subjects) {
        const std::size_t begin = fragments.size();
        append_presence_event(fragments, event_of(*batch, s), batch->at.wall);
        of_subject.push_back({begin, fragments.size() - begin});
    }
}

void presence_answers::job::compose(const engine::batch::delivery& d, const std::string* keys) {
    const bool sync = d.kind == static_cast<std::uint32_t>(stream_kind::sync);
    body.clear();
    if (sync) {
        body.append(skeleton::sync_begin);
        append_token(body, d.next);
        body.append(skeleton::sync_nothing_durable);
    } else {
        body.append(skeleton::events_begin);
        append_token(body, d.since.value_or(d.next));
        body.append(skeleton::events_end);
        append_token(body, d.next);
        body.append(skeleton::events_chunk);
    }
    for (std::uint32_t i = 0; i < d.count; ++i) {
        if (i > 0) {
            body += ',';
        }
        const range r = of_subject[batch->indices[d.first + i]];
        body.append(fragments, r.begin, r.size);
    }
    if (!sync) {
        body.append(skeleton::events_close);
        return;
    }
    body.append(skeleton::sync_close);
    body.append(keys == nullptr ? skeleton::no_keys : std::string_view{*keys});
    body.append(skeleton::sync_end);
}

presence_answers::presence_answers(ports::http_sender& http, const ports::clock& clock, sink sent)
    : http_(http), clock_(clock), sent_(std::move(sent)) {}
presence_answers::~presence_answers() = default;

void presence_answers::send(std::shared_ptr<shared_batch> b) {
    const std::uint32_t thread = b->content->thread;
    auto j = idle_job();
    j->batch = b->content.get();
    j->owner = std::move(b);
    j->next = 0;
    http_.post(thread, [this, moved = std::move(j)]() mutable {
        moved->owner->content->begun = clock_.now().mono;
        moved->render();
        proceed(std::move(moved));
    });
}

void presence_answers::proceed(std::unique_ptr<job> j) {
    const auto& deliveries = j->batch->deliveries;
    std::size_t sent = 0;
    std::uint64_t events = 0;
    for (; j->next < deliveries.size() && sent < deliveries_per_task; ++j->next) {
        const engine::batch::delivery& d = deliveries[j->next];
        if (d.durable_news) {
            continue;
        }
        j->compose(d, j->own_keys(j->next));
        http_.respond_now({d.handle, j->body});
        count_response(200);
        ++sent;
        events += d.count;
        if (d.count > 0) {
            observe_delay(d, j->batch->at);
        }
    }
    metrics::deliveries.add(sent);
    metrics::presence_events.add(events);
    if (j->next == deliveries.size()) {
        keep(std::move(j));
        return;
    }
    const std::uint32_t thread = j->batch->thread;
    http_.post(thread, [this, moved = std::move(j)]() mutable { proceed(std::move(moved)); });
}

std::unique_ptr<presence_answers::job> presence_answers::idle_job() {
    const std::lock_guard lock{mutex_};
    if (idle_.empty()) {
        return std::make_unique<job>();
    }
    auto j = std::move(idle_.back());
    idle_.pop_back();
    return j;
}

void presence_answers::keep(std::unique_ptr<job> j) {
    j->batch = nullptr;
    if (j->owner.use_count() == 1) {
        sent_(std::move(j->owner->content));
    }
    j->owner.reset();
    const std::lock_guard lock{mutex_};
    if (idle_.size() < jobs_kept_max) {
        idle_.push_back(std::move(j));
    }
}

}  // namespace porchlight::client_api
