#include "net/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

namespace porchlight::net::test {
namespace {
using namespace std::chrono_literals;

// One end of a socket pair, or of a pipe whose end is all that it tells of.
class end final : public event_loop::watcher {
  public:
    explicit end(event_loop& loop, bool of_pipe = false) : loop_(loop) {
        std::array<int, 2> both{};
        const int made = of_pipe
                             ? ::pipe2(both.data(), O_NONBLOCK)
                             : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both.data());
        EXPECT_EQ(made, 0);
        descriptor_ = both[0];
        other_ = both[1];
        watch_ = loop_.add(descriptor_, *this);
    }
    ~end() {
        remove();
        hang_up();
    }
    void arm_read() { loop_.arm_read(watch_); }
    void arm_write() { loop_.arm_write(watch_); }
    void receive() const { EXPECT_EQ(::send(other_, "x", 1, 0), 1); }
    void hang_up() {
        if (other_ >= 0) {
            ::close(std::exchange(other_, -1));
        }
    }
    void remove() {
        if (watch_ != nullptr) {
            loop_.remove(std::exchange(watch_, nullptr));
        }
    }
    void on_readable() override {
        ++readable;
        if (then) {
            then();
        }
    }
    void on_writable() override { ++writable; }

    int readable = 0, writable = 0;
    std::function<void()> then;

  private:
    event_loop& loop_;
    event_loop::watch* watch_ = nullptr;
    int descriptor_ = -1, other_ = -1;
};

// Descriptors that this process's epoll instances look at.
int looked_at_by_the_kernel() {
    int count = 0;
    for (const auto& file : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream lines(file.path());
        for (std::string line; std::getline(lines, line);) {
            count += line.starts_with("tfd:") ? 1 : 0;
        }
    }
    return count;
}

TEST(event_loop, tells_once_for_each_time_it_is_armed) {
    event_loop loop;
    end e(loop);
    e.arm_read();
    e.arm_read();
    loop.run_once(0ms);
    EXPECT_EQ(e.readable, 0);
    e.receive();
    loop.run_once(0ms);
    loop.run_once(0ms);
    EXPECT_EQ(e.readable, 1);
    e.arm_read();  // the byte was not taken
    loop.run_once(0ms);
    EXPECT_EQ(e.readable, 2);
    EXPECT_EQ(e.writable, 0);
}

TEST(event_loop, an_event_that_nobody_awaits_does_not_come_again) {
    event_loop loop;
    const int before = looked_at_by_the_kernel();
    end e(loop);
    e.arm_read();
    EXPECT_EQ(looked_at_by_the_kernel(), before + 1);
    e.hang_up();
    loop.run_once(0ms);
    EXPECT_EQ(e.readable, 1);
    EXPECT_EQ(looked_at_by_the_kernel(), before);
    e.arm_read();
    loop.run_once(0ms);
    EXPECT_EQ(e.readable, 2);
}

TEST(event_loop, a_descriptor_that_joins_in_a_round_is_looked_at_in_it) {
    event_loop loop;
    end listening(loop), accepted(loop);
    accepted.receive();
    listening.then = [&] { accepted.arm_read(); };
    listening.arm_read();
    listening.receive();
    loop.run_once(0ms);
    EXPECT_EQ(accepted.readable, 1);
}

TEST(event_loop, tells_of_writing_and_reading_apart) {
    event_loop loop;
    end e(loop);
    e.arm_read();
    e.arm_write();
    loop.run_once(0ms);
    EXPECT_EQ(e.writable, 1);
    EXPECT_EQ(e.readable, 0);
    e.receive();
    loop.run_once(0ms);
    EXPECT_EQ(e.writable, 1);
    EXPECT_EQ(e.readable, 1);
}

TEST(event_loop, tells_of_an_end_that_comes_without_anything_to_read) {
    event_loop loop;
    end e(loop, true);
    e.arm_read();
    e.hang_up();
    loop.run_once(0ms);
    EXPECT_EQ(e.readable, 1);
}

TEST(event_loop, says_nothing_to_who_was_removed_in_the_same_round) {
    event_loop loop;
    end first(loop), second(loop);
    first.then = [&] { second.remove(); };
    second.then = [&] { first.remove(); };
    first.arm_read();
    second.arm_read();
    first.receive();
    second.receive();
    loop.run_once(0ms);
    EXPECT_EQ(first.readable + second.readable, 1);
}

TEST(event_loop, may_remove_who_is_being_told) {
    event_loop loop;
    end e(loop);
    e.then = [&] { e.remove(); };
    e.arm_read();
    e.arm_write();
    e.receive();
    loop.run_once(0ms);
    loop.run_once(0ms);
    EXPECT_EQ(e.readable, 1);
    EXPECT_EQ(e.writable, 1);
}

}  // namespace
}  // namespace porchlight::net::test
