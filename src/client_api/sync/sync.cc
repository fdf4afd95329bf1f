#include "client_api/sync/sync.h"

#include "client_api/sync_streams.h"

namespace porchlight::client_api {

void sync(call_ptr c) {
    sync_streams& streams = *c->server.streams;
    streams.sync(std::move(c));
}

void sliding_sync(call_ptr c) {
    c->server.streams->sliding_sync(c);
}

void events(call_ptr c) {
    sync_streams& streams = *c->server.streams;
    streams.events(std::move(c));
}

void initial_sync(call_ptr c) {
    sync_streams& streams = *c->server.streams;
    streams.initial_sync(std::move(c));
}

void room_initial_sync(call_ptr c) {
    sync_streams& streams = *c->server.streams;
    streams.room_initial_sync(std::move(c));
}

}  // namespace porchlight::client_api
