#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "ports/http_client.h"
#include "ports/resolver.h"

// An Internet of a few names and pages, written by hand. Nothing answers within a call: settle()
// gives the answers, and those to what is asked then.
namespace porchlight::test {

class fake_internet final : public ports::resolver, public ports::http_client {
  public:
    std::map<std::string, base::result<std::vector<std::string>, ports::resolve_failure>> hosts;
    std::map<std::string, base::result<std::vector<ports::service_record>, ports::resolve_failure>>
        records;
    // By URL, "https://host:port/path?query", without :443.
    std::map<std::string, base::result<ports::client_response, ports::client_failure>> pages;
    std::vector<std::string> asked;  // "A name", "SRV name", "GET url", in order
    std::vector<ports::client_request> requests;

    void addresses(std::string host, addresses_answer done) override {
        asked.push_back("A " + host);
        const auto found = hosts.find(host);
        later(std::move(done), found == hosts.end() ? std::vector<std::string>{} : found->second);
    }
    void services(std::string name, services_answer done) override {
        asked.push_back("SRV " + name);
        const auto found = records.find(name);
        later(std::move(done),
              found == records.end() ? std::vector<ports::service_record>{} : found->second);
    }
    void send(ports::client_request r, ports::http_client::answer done) override {
        const std::string url = "https://" + r.host + r.target;
        asked.push_back("GET " + url);
        requests.push_back(std::move(r));
        const auto found = pages.find(url);
        later(std::move(done),
              found == pages.end()
                  ? ports::client_failure{ports::client_error::unreachable, "nobody listens there"}
                  : found->second);
    }

    void settle() {
        while (!answers_.empty()) {
            auto next = std::move(answers_.front());
            answers_.pop_front();
            next();
        }
    }

    // A page that says this of `m.server`.
    void delegate(const std::string& host, const std::string& to) {
        pages.insert_or_assign("https://" + host + "/.well-known/matrix/server",
                               ports::client_response{200, {}, R"({"m.server":")" + to + "\"}"});
    }
    void redirect(const std::string& from, const std::string& to, int status = 302) {
        pages.insert_or_assign(from, ports::client_response{status, {{"location", to}}, ""});
    }
    std::size_t times_asked(const std::string& what) const {
        std::size_t n = 0;
        for (const std::string& a : asked) {
            n += a == what ? 1 : 0;
        }
        return n;
    }

  private:
    template <class Done, class Result>
    void later(Done done, Result result) {
        answers_.push_back(
            [d = std::move(done), r = std::move(result)]() mutable { d(std::move(r)); });
    }
    std::deque<base::unique_function<void()>> answers_;
};

}  // namespace porchlight::test
