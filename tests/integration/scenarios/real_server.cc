#include "integration/scenarios/real_server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace porchlight::scenarios {

real_server::real_server(std::vector<std::string> settings) : settings_(std::move(settings)) {
    std::string name = std::filesystem::temp_directory_path() / "porchlight-scenario-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("no temporary folder " + name);
    }
    data_ = name;
}

real_server::~real_server() {
    if (child_ > 0) {
        stop(true);
    }
    std::error_code ignored;
    std::filesystem::remove_all(data_, ignored);
}

void real_server::start() {
    const char* binary = std::getenv("PORCHLIGHT_BINARY");
    if (binary == nullptr) {
        throw std::runtime_error("PORCHLIGHT_BINARY must name the porchlight executable");
    }
    std::vector<std::string> words = {binary,
                                      "serve",
                                      "--data",
                                      data_,
                                      "--server-name",
                                      "porch.test",
                                      "--open-registration",
                                      "--listen",
                                      "127.0.0.1:" + std::to_string(port_),
                                      "--config",
                                      data_ + "/settings.toml"};
    write_file();
    for (const std::string& s : settings_) {
        words.push_back("--set");
        words.push_back(s);
    }
    std::vector<char*> arguments;
    for (std::string& w : words) {
        arguments.push_back(w.data());
    }
    arguments.push_back(nullptr);

    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw std::runtime_error("no pipe");
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const int problem = posix_spawn(&child_, binary, &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::FILE* out = ::fdopen(ends[0], "r");
    unsigned port = 0;
    char line[256] = "";
    const bool ready = problem == 0 && std::fgets(line, sizeof line, out) != nullptr &&
                       std::sscanf(line, "ready http://127.0.0.1:%u", &port) == 1;
    std::fclose(out);
    if (!ready) {
        throw std::runtime_error(std::string(binary) + " ended before it was ready");
    }
    port_ = static_cast<std::uint16_t>(port);
}

void real_server::write_file() const {
    std::ofstream out(data_ + "/settings.toml");
    for (const auto& [key, value] : file_) {
        out << key << " = " << value << '\n';
    }
}

void real_server::configure(const std::string& key, const std::string& value) {
    file_[key] = value;
    if (child_ > 0) {
        write_file();
        ::kill(child_, SIGHUP);
    }
}

void real_server::stop(bool kill) {
    ::kill(child_, kill ? SIGKILL : SIGTERM);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    if (!kill && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
        throw std::runtime_error("the server did not end cleanly on SIGTERM");
    }
}

}  // namespace porchlight::scenarios
