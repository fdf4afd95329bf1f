#pragma once

#include <atomic>

namespace porchlight::net {

// Wakes one sleeping thread from others, with a system call only if it really sleeps.
// The sleeper: about_to_sleep(), look once more for work, sleep on descriptor(), awake().
// The waker: make the work visible, then wake().
class wakeup {
  public:
    wakeup();
    ~wakeup();
    wakeup(const wakeup&) = delete;
    wakeup& operator=(const wakeup&) = delete;

    // The sleeper only.
    void about_to_sleep();
    void awake();
    void clear();  // takes wake-ups out of the descriptor
    // An eventfd, readable once someone called wake() on the sleeper. Owned here.
    int descriptor() const { return descriptor_; }

    // Any thread.
    void wake();

  private:
    const int descriptor_;
    std::atomic<bool> sleeping_{false};
};

}  // namespace porchlight::net
