#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "load/endpoint.h"
#include "load/event_loop.h"
#include "net/transport.h"

namespace porchlight::load {

// One keep-alive connection to the server, one request at a time. It opens itself for a request
// and again when the server has closed it in between. While it waits it holds no buffer.
// Owned by whoever derives from it; lives as long as its event loop runs.
class connection : private event_loop::watcher {
  public:
    connection(event_loop& loop, const endpoint& where) : loop_(loop), where_(where) {}
    virtual ~connection() { close(); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // REQUIRES: !waiting(). Ends in answered() or broken(), later than this call.
    void send(std::string_view request, moment patience);
    // Vanishes as when the network did: no answer comes any more, and the port is free at once.
    void vanish();
    bool waiting() const { return waiting_; }
    // broken() if the answer should have been there by now.
    void check_patience(moment now);

  protected:
    // May send the next request.
    virtual void answered(const answer& a) = 0;
    virtual void broken(std::string_view why) = 0;
    event_loop& loop() const { return loop_; }
    const endpoint& where() const { return where_; }

  private:
    enum class state : unsigned char { closed, connecting, handshaking, open };

    void ready(std::uint32_t events) final;
    void open();
    void connected();
    void shake_hands();
    void flush();
    void receive();
    bool take(std::string_view bytes);
    void ended();
    void complete(std::unique_ptr<response_reader>& reader);
    void fail(const std::string& why);
    void close();

    event_loop& loop_;
    const endpoint& where_;
    std::unique_ptr<net::transport> tls_;  // null while the connection is plain
    std::unique_ptr<response_reader> reading_;
    std::unique_ptr<std::string> unsent_;
    moment deadline_{};
    int descriptor_ = -1;
    state state_ = state::closed;
    bool waiting_ = false;
};

}  // namespace porchlight::load
