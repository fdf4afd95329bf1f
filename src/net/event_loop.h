#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/time.h"

namespace porchlight::net {

// One thread's sockets: epoll behind a few calls. Everything here belongs to the thread that runs
// it.
class event_loop {
  public:
    // Told when its descriptor can be read or written. Called only from run_once().
    class watcher {
      public:
        virtual void on_readable() = 0;
        virtual void on_writable() = 0;

      protected:
        ~watcher() = default;
    };

    // One watched descriptor; an armed watch holds no buffer and no allocation of its own.
    class watch;

    event_loop();
    ~event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    // Takes the descriptor over. `w` outlives the watch.
    watch* add(int descriptor, watcher& w);
    // One on_readable() once there is something to read, an end or an error. Idempotent while
    // armed. Cost: a system call only when the last event found it unarmed.
    void arm_read(watch* w);
    // The same for on_writable().
    void arm_write(watch* w);
    // Closes the descriptor; no call follows. The watch is gone.
    void remove(watch* w);

    // Waits for something to happen (at most `wait`; nothing: for ever) and handles a bounded
    // number of ready descriptors.
    void run_once(std::optional<base::milliseconds> wait);

    // User-space bytes that one watch takes.
    static std::size_t bytes_per_watch();

  private:
    struct impl;
    const std::unique_ptr<impl> impl_;
};

}  // namespace porchlight::net
