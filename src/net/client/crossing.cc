#include "net/client/crossing.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace porchlight::net {

void crossing::enter(ports::task t) {
    const std::lock_guard lock(mutex_);
    if (open_->load()) {
        boost::asio::post(client_, std::move(t));
    }
}

void crossing::close() {
    const std::lock_guard lock(mutex_);
    open_->store(false);
}

}  // namespace porchlight::net
