#pragma once

#include <termios.h>
#include <string>
#include <vector>

#include "person/watch/frame.h"

namespace porchlight::person {

// The alternate screen without a cursor, and keys one by one without echo. What was before is there
// again when it goes, whatever the way.
class terminal {
  public:
    terminal();
    ~terminal();
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;

    // Around a stop by Ctrl-Z.
    void leave();
    void enter();

    screen_size size() const;
    // Shows the lines; nothing is written when they are what is shown.
    void show(const std::vector<std::string>& lines);

  private:
    bool keys_;  // standard input is a terminal
    bool inside_ = false;
    termios before_{};
    std::string shown_;
};

// All of it, however often it is taken in parts. False: nobody reads any more.
bool write_all(int fd, const std::string& text);

// Does the environment and the terminal on standard output allow it?
bool has_screen();
bool has_colours();

}  // namespace porchlight::person
