#include "person/web.h"

#include <signal.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "base/assert.h"
#include "person/curl.h"
#include "person/limits.h"

namespace porchlight::person {

namespace {

using limits::answer_bytes_max;

constexpr long connect_seconds_max = 10;
constexpr long redirects_max = 5;

// One exchange; at an address of its own, as libcurl keeps pointers into it.
struct exchange {
    const curl& lib;
    CURL* easy;
    curl_slist* headers = nullptr;
    web_request request;
    std::string body;
    bool too_large = false;
    std::array<char, CURL_ERROR_SIZE> error{};

    exchange(const curl& l, const web_request& r) : lib(l), easy(l.easy_init()), request(r) {
        ASSERT(easy != nullptr);
        header("Accept: application/json");
        header("Expect:");
        if (!request.token.empty()) {
            header("Authorization: Bearer " + request.token);
        }
        if (!request.body.empty()) {
            header("Content-Type: application/json");
        }
        set_up();
    }
    ~exchange() {
        lib.easy_cleanup(easy);
        lib.free_all(headers);
    }
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    void header(const std::string& line) { headers = lib.append(headers, line.c_str()); }

    void set_up() {
        lib.setopt(easy, CURLOPT_URL, request.url.c_str());
        lib.setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        lib.setopt(easy, CURLOPT_HTTPHEADER, headers);
        lib.setopt(easy, CURLOPT_USERAGENT, "porchlight");
        lib.setopt(easy, CURLOPT_NOSIGNAL, 1L);
        lib.setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        lib.setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                   request.url.starts_with("http:") ? "http,https" : "https");
        lib.setopt(easy, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
        lib.setopt(easy, CURLOPT_MAXREDIRS, redirects_max);
        lib.setopt(easy, CURLOPT_CONNECTTIMEOUT, connect_seconds_max);
        lib.setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.time_max.count()));
        lib.setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
        lib.setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
        lib.setopt(easy, CURLOPT_ERRORBUFFER, error.data());
        lib.setopt(easy, CURLOPT_WRITEFUNCTION, &exchange::take);
        lib.setopt(easy, CURLOPT_WRITEDATA, this);
        if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
            lib.setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
            lib.setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
        }
        if (const char* file = std::getenv("SSL_CERT_FILE"); file != nullptr && *file != '\0') {
            lib.setopt(easy, CURLOPT_CAINFO, file);
        }
    }

    static std::size_t take(char* from, std::size_t one, std::size_t count, void* to) {
        auto& self = *static_cast<exchange*>(to);
        const std::size_t size = one * count;
        if (self.body.size() + size > answer_bytes_max) {
            self.too_large = true;
            return 0;
        }
        self.body.append(from, size);
        return size;
    }

    std::string problem(CURLcode code) const {
        switch (code) {
            case CURLE_COULDNT_RESOLVE_HOST:
                return "there is no host of that name, or no network";
            case CURLE_OPERATION_TIMEDOUT:
                return "no answer in time";
            case CURLE_PEER_FAILED_VERIFICATION:
                return std::string("its certificate is not trusted (") + error.data() + ')';
            case CURLE_WRITE_ERROR:
                if (too_large) {
                    return "the answer is longer than " + std::to_string(answer_bytes_max >> 20) +
                           " MB";
                }
                break;
            default:
                break;
        }
        return error[0] != '\0' ? error.data() : lib.sentence(code);
    }

    web_answer end(CURLcode code) {
        web_answer a;
        if (code != CURLE_OK) {
            a.problem = problem(code);
            return a;
        }
        lib.info(easy, CURLINFO_RESPONSE_CODE, &a.status);
        a.body = std::move(body);
        return a;
    }
};

}  // namespace

struct web::impl {
    const curl& lib = curl::loaded();
    CURLM* multi = lib.multi_init();
    std::unique_ptr<exchange> running;

    void give_up() {
        if (running) {
            lib.multi_remove(multi, running->easy);
            running.reset();
        }
    }

    std::optional<web_answer> finished() {
        int left = 0;
        while (const CURLMsg* m = lib.multi_read(multi, &left)) {
            if (m->msg == CURLMSG_DONE && running && m->easy_handle == running->easy) {
                web_answer a = running->end(m->data.result);
                give_up();
                return a;
            }
        }
        return std::nullopt;
    }
};

web::web() : impl_(std::make_unique<impl>()) {
    // A server that hangs up while it is written to is an error of the exchange, not the end of us.
    ::signal(SIGPIPE, SIG_IGN);
}

web::~web() {
    impl_->give_up();
    impl_->lib.multi_cleanup(impl_->multi);
}

web_answer web::ask(const web_request& r) {
    exchange e(impl_->lib, r);
    return e.end(impl_->lib.perform(e.easy));
}

void web::begin(const web_request& r) {
    ASSERT(!busy());
    impl_->running = std::make_unique<exchange>(impl_->lib, r);
    impl_->lib.multi_add(impl_->multi, impl_->running->easy);
}

bool web::busy() const {
    return impl_->running != nullptr;
}

void web::give_up() {
    impl_->give_up();
}

std::optional<web_answer> web::wait(std::span<pollfd> others, std::chrono::milliseconds longest) {
    int running = 0;
    impl_->lib.multi_perform(impl_->multi, &running);
    if (auto done = impl_->finished()) {
        return done;
    }
    std::vector<curl_waitfd> fds;
    for (const pollfd& p : others) {
        fds.push_back({p.fd, CURL_WAIT_POLLIN, 0});
    }
    int ready = 0;
    impl_->lib.multi_poll(impl_->multi, fds.data(), static_cast<unsigned>(fds.size()),
                          static_cast<int>(longest.count()), &ready);
    for (std::size_t i = 0; i < others.size(); ++i) {
        others[i].revents = fds[i].revents;
    }
    impl_->lib.multi_perform(impl_->multi, &running);
    return impl_->finished();
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            std::string_view("-._~").find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

}  // namespace porchlight::person
