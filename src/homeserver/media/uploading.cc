#include <algorithm>

#include "base/limits.h"
#include "base/metrics.h"
#include "homeserver/durable_log.h"
#include "homeserver/media/impl.h"

// From the bytes in memory to the row on disk.
namespace porchlight::homeserver {

namespace limits = base::limits;
using matrix::errc;
using matrix::fail;

namespace {

constexpr auto limits_name = "porchlight_limits_reached_total";
constexpr auto limits_help = "Limits reached, by limit.";
base::metrics::counter upload_limit{limits_name, limits_help, "limit=\"upload_bytes\""};
base::metrics::counter in_hand_limit{limits_name, limits_help, "limit=\"uploads_at_once_bytes\""};
base::metrics::counter bytes_limit{limits_name, limits_help, "limit=\"media_user_bytes\""};
base::metrics::counter count_limit{limits_name, limits_help, "limit=\"media_user_count\""};
base::metrics::counter created_limit{limits_name, limits_help, "limit=\"media_created\""};
base::metrics::counter uploads{"porchlight_media_uploads_total", "Media that users uploaded."};
base::metrics::counter upload_bytes{"porchlight_media_upload_bytes_total",
                                    "Bytes of media that users uploaded."};

constexpr std::size_t id_length = 24;  // about 137 bits: ids are not guessed
constexpr std::string_view octet_stream = "application/octet-stream";

// type/subtype and parameters in visible ASCII; what it says is never interpreted here.
std::string tidy_type(std::string type) {
    const auto slash = type.find('/');
    const bool good = type.size() <= limits::content_type_bytes_max && slash != 0 &&
                      slash != std::string::npos && slash + 1 < type.size() &&
                      std::ranges::all_of(type, [](char c) { return c >= ' ' && c <= '~'; });
    return good ? std::move(type) : std::string{octet_stream};
}

// Cut between characters.
std::string tidy_name(std::string name) {
    if (name.size() > limits::file_name_bytes_max) {
        std::size_t end = limits::file_name_bytes_max;
        while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) {
            --end;
        }
        name.resize(end);
    }
    return name;
}

}  // namespace

std::optional<failure> media::impl::take_in(const content& what) {
    const auto most = s.config.media.upload_bytes_max;
    if (what.bytes.size() > most) {
        upload_limit.add();
        return fail(errc::too_large,
                    "An upload may have at most " + std::to_string(most) + " bytes.");
    }
    if (bytes_in_hand + what.bytes.size() > limits::uploads_at_once_bytes_max) {
        in_hand_limit.add();
        return fail(errc::unavailable, "Too many uploads are on their way to the disk.");
    }
    bytes_in_hand += what.bytes.size();
    return std::nullopt;
}

void media::upload(caller who, content what, completion<std::string> done) {
    impl& m = *impl_;
    if (const auto refused = m.take_in(what)) {
        done(*refused);
        return;
    }
    auto job = std::make_shared<impl::upload_job>();
    job->row = {ports::random_text(m.s.random, id_length),
                who.user,
                tidy_type(std::move(what.content_type)),
                tidy_name(std::move(what.file_name)),
                what.bytes.size(),
                m.s.clock.now().wall};
    job->bytes = std::move(what.bytes);
    job->done = std::move(done);
    m.start(std::move(job));
}

void media::create(caller who, completion<created> done) {
    impl& m = *impl_;
    m.forget_expired(who.user);
    const auto waiting = std::ranges::count_if(
        m.created, [&who](const auto& each) { return each.second.user == who.user; });
    if (static_cast<std::size_t>(waiting) >= limits::media_created_max) {
        created_limit.add();
        failure f = fail(errc::limit_exceeded, "Upload what you created first.");
        f.retry_after = std::chrono::minutes{1};
        done(f);
        return;
    }
    const created made{ports::random_text(m.s.random, id_length),
                       m.s.clock.now().wall + limits::media_created_lifetime};
    // Counted at once, so that calls in flight do not pass the limit; taken, so that no upload
    // comes before it is stored.
    m.created[made.media_id] = {who.user, made.unused_expires, true, {}};
    ports::write_set set;
    set.push_back(ports::document_row{who.user, "media_created", made.media_id,
                                      std::to_string(base::unix_ms(made.unused_expires)), 0});
    m.s.log.commit(m.s.log.next_position(), std::move(set),
                   [&m, made, f = std::move(done)](bool ok) mutable {
                       if (ok) {
                           m.created[made.media_id].taken = false;
                           f(made);
                       } else {
                           m.created.erase(made.media_id);
                           f(fail(errc::unavailable));
                       }
                   });
}

void media::impl::forget_expired(user_key u) {
    const auto now = s.clock.now().wall;
    std::erase_if(created, [&](const auto& each) {
        const auto& [id, p] = each;
        if (p.user != u || p.taken || p.expires > now) {
            return false;
        }
        for (const auto& w : p.waiting) {
            s.decider.post([w] { w->call(); });
        }
        s.log.write_behind({ports::document_removal{u, "media_created", id}}, [](bool) {});
        return true;
    });
}

void media::upload_created(caller who, std::string media_id, content what, completion<void> done) {
    impl& m = *impl_;
    const auto found = m.created.find(media_id);
    if (found == m.created.end()) {
        // Whether somebody uploaded it already is in the store.
        m.cold<void>(
            [&m, media_id]() -> outcome<void> {
                return m.s.store.media(media_id)
                           ? fail(errc::cannot_overwrite_media)
                           : fail(errc::not_found, "This media was not created here.");
            },
            std::move(done));
        return;
    }
    if (found->second.user != who.user) {
        done(fail(errc::forbidden, "Somebody else created this media."));
        return;
    }
    if (found->second.taken) {
        done(fail(errc::cannot_overwrite_media));
        return;
    }
    if (found->second.expires <= m.s.clock.now().wall) {
        m.forget_expired(who.user);
        done(fail(errc::not_found, "This media was created too long ago."));
        return;
    }
    if (const auto refused = m.take_in(what)) {
        done(*refused);
        return;
    }
    found->second.taken = true;
    auto job = std::make_shared<impl::upload_job>();
    job->row = {std::move(media_id),
                who.user,
                tidy_type(std::move(what.content_type)),
                tidy_name(std::move(what.file_name)),
                what.bytes.size(),
                m.s.clock.now().wall};
    job->bytes = std::move(what.bytes);
    job->was_created = true;
    job->done = [f = std::move(done)](outcome<std::string> r) mutable {
        f(r ? outcome<void>{} : outcome<void>{r.error()});
    };
    m.start(std::move(job));
}

void media::impl::start(std::shared_ptr<upload_job> job) {
    const user_key u = job->row.user;
    job->allowed = s.config.media;
    changes.enter(u, [this, job = std::move(job)]() mutable {
        cold<void>(
            [this, job]() -> outcome<void> {
                write_cold(*job);
                return job->refused ? outcome<void>{*job->refused} : outcome<void>{};
            },
            [this, job](outcome<void> r) {
                if (r) {
                    commit(job);
                } else {
                    finish(*job, r.error());
                }
            });
    });
}

// No other upload of the user is on its way: what is used now is used at the commit.
void media::impl::write_cold(upload_job& job) {
    const auto& config = job.allowed;
    const auto used = s.store.media_used(job.row.user);
    if (config.user_bytes_max != 0 && used.bytes + job.row.bytes > config.user_bytes_max) {
        bytes_limit.add();
        job.refused = fail(errc::forbidden, "Your media would take more space than you may use.");
    } else if (config.user_count_max != 0 && used.count >= config.user_count_max) {
        count_limit.add();
        job.refused = fail(errc::forbidden, "You have uploaded as much media as you may.");
    } else {
        files.put(ports::media_kind::upload, job.row.media_id, job.bytes);
    }
}

void media::impl::commit(std::shared_ptr<upload_job> job) {
    ports::write_set set;
    set.push_back(job->row);
    if (job->was_created) {
        set.push_back(ports::document_removal{job->row.user, "media_created", job->row.media_id});
    }
    s.log.commit(s.log.next_position(), std::move(set), [this, job](bool ok) {
        settle_cold(job->row.media_id, ok);
        if (ok) {
            uploads.add();
            upload_bytes.add(job->row.bytes);
            finish(*job, job->row.media_id);
        } else {
            finish(*job, fail(errc::unavailable));
        }
    });
}

// What fails here, or never runs, is done at the next start.
void media::impl::settle_cold(std::string name, bool keep) {
    cold<void>(
        [this, name = std::move(name), keep]() -> outcome<void> {
            if (!keep) {
                files.remove(ports::media_kind::upload, name);
            }
            files.settle(name);
            return {};
        },
        [](outcome<void>) {});
}

void media::impl::finish(upload_job& job, outcome<std::string> r) {
    bytes_in_hand -= job.bytes.size();
    job.bytes = {};
    if (const auto found = created.find(job.row.media_id); found != created.end()) {
        if (r) {
            const auto waiting = std::move(found->second.waiting);
            created.erase(found);
            for (const auto& w : waiting) {
                w->call();
            }
        } else {
            found->second.taken = false;
        }
    }
    job.done(std::move(r));
    changes.leave(job.row.user);
}

}  // namespace porchlight::homeserver
