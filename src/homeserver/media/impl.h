#pragma once

#include <deque>
#include <map>
#include <vector>

#include "homeserver/key_queue.h"
#include "homeserver/media.h"
#include "homeserver/media/thumbnail_sizes.h"

namespace porchlight::homeserver {

// The inside of media; its parts are in media/: uploading.cc, reading.cc, thumbnails.cc.
struct media::impl {
    impl(services& with, ports::media_files& f, ports::thumbnailer& t)
        : s(with), files(f), thumbnailer(t) {}

    // --- uploading ---
    struct waiter {
        ports::task go_on;  // looks again; called once
        bool called = false;
        void call();
    };
    struct pending {  // created, without bytes
        user_key user;
        wall_time expires;
        bool taken = false;  // an upload of it is on its way
        std::vector<std::shared_ptr<waiter>> waiting;
    };
    struct upload_job {
        ports::media_row row;
        std::string bytes;
        bool was_created = false;
        media_settings allowed = {};  // as it was: cold threads do not read the configuration
        completion<std::string> done;
        std::optional<failure> refused;
    };
    std::optional<failure> take_in(const content& what);
    void start(std::shared_ptr<upload_job> job);
    void write_cold(upload_job& job);
    void commit(std::shared_ptr<upload_job> job);
    void finish(upload_job& job, outcome<std::string> r);
    void settle_cold(std::string name, bool keep);
    void forget_expired(user_key u);

    // --- reading ---
    void when_uploaded(const std::string& media_id, base::milliseconds wait,
                       base::unique_function<void(std::optional<failure>)> go_on);
    static opened open_cold(impl& m, const std::string& media_id,
                            const std::optional<byte_range>& range, outcome<void>& problem);

    // --- thumbnails ---
    struct making {
        ports::media_row row;
        ports::thumbnail_size size;
        std::vector<completion<opened>> waiting;
    };
    void make_thumbnail(ports::media_row row, ports::thumbnail_size size, completion<opened> done);
    void make_next();
    outcome<opened> make_cold(const ports::media_row& row, ports::thumbnail_size size);
    static opened whole_thumbnail(ports::media_row row, std::string name, std::string bytes);

    // Runs `work` on the cold pool and `then` with its outcome here. What the ports throw becomes
    // unavailable, and is logged.
    template <class T>
    void cold(base::unique_function<outcome<T>()> work, completion<T> then);

    services& s;
    ports::media_files& files;
    ports::thumbnailer& thumbnailer;
    key_queue<user_key> changes;  // uploads of one user come one after another: the quota is exact
    std::map<std::string, pending> created;
    std::size_t bytes_in_hand = 0;  // of uploads that are not on disk yet
    std::size_t waiters = 0;
    std::map<std::string, making> thumbnails;  // by name: being made, or waiting for it
    std::deque<std::string> thumbnail_line;
    std::size_t thumbnails_running = 0;
};

// Why the ports threw, logged; what the client is told.
failure media_unavailable(const std::exception& e);

template <class T>
void media::impl::cold(base::unique_function<outcome<T>()> work, completion<T> then) {
    auto shared = std::make_shared<completion<T>>(std::move(then));
    const bool queued = s.cold.run([this, work = std::move(work), shared]() mutable {
        outcome<T> r = failure{};
        try {
            r = work();
        } catch (const ports::media_error& e) {
            r = media_unavailable(e);
        } catch (const ports::store_error& e) {
            r = media_unavailable(e);
        }
        s.decider.post([shared, r = std::move(r)]() mutable { (*shared)(std::move(r)); });
    });
    if (!queued) {
        (*shared)(matrix::fail(matrix::errc::unavailable));
    }
}

}  // namespace porchlight::homeserver
