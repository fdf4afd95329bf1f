#include "net/client/outgoing.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "net/client/crossing.h"
#include "net/client/dns_resolver.h"
#include "net/client/exchanges.h"
#include "net/client/trust.h"

namespace porchlight::net {

// Destroyed from the last to the first: coroutines under way live in `io` and refer to the rest.
struct outgoing::impl {
    trust believed;
    std::unique_ptr<boost::asio::io_context> io = std::make_unique<boost::asio::io_context>(1);
    crossing way;
    exchanges requests;
    dns_resolver names;
    std::once_flag stopped;
    std::thread thread;

    impl(const outgoing_settings& s, ports::executor& decider)
        : believed(s.ca_file, s.verify_certificates),
          way(*io, decider),
          requests(*io, way, believed, s.limits),
          names(*io, way, s.dns_servers, s.limits),
          thread([this] {
              const auto work = boost::asio::make_work_guard(*io);
              io->run();
          }) {}

    void stop() {
        way.close();
        io->stop();
        thread.join();
        names.close();
        requests.close();
        // Takes what is under way with it while all it refers to is still here.
        io.reset();
    }
};

outgoing::outgoing(const outgoing_settings& s, ports::executor& decider)
    : impl_(std::make_unique<impl>(s, decider)) {}

outgoing::~outgoing() {
    stop();
}

void outgoing::send(ports::client_request r, answer done) {
    impl_->requests.begin(std::move(r), std::move(done));
}

ports::resolver& outgoing::resolver() {
    return impl_->names;
}

void outgoing::stop() {
    std::call_once(impl_->stopped, [this] { impl_->stop(); });
}

}  // namespace porchlight::net
