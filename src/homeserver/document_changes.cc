#include "homeserver/document_changes.h"

#include "homeserver/durable_log.h"

namespace porchlight::homeserver {

using matrix::errc;
using matrix::fail;

void document_changes::read(decide d, completion<boost::json::object> done) {
    // The pool drops what it refuses, so the completion is shared.
    const auto f = std::make_shared<completion<boost::json::object>>(std::move(done));
    const bool queued = s_.cold.run([this, d = std::move(d), f]() mutable {
        outcome<decision> r = fail(errc::unavailable);
        try {
            r = d(s_.store);
        } catch (const ports::store_error&) {
            r = fail(errc::unavailable, "The store cannot be read right now");
        }
        s_.decider.post([this, r = std::move(r), f]() mutable {
            if (!r || r->keep_nothing || r->set.empty()) {
                (*f)(r ? outcome<boost::json::object>{std::move(r->answer)} : r.error());
                return;
            }
            commit(std::move(*r), std::move(*f));
        });
    });
    if (!queued) {
        (*f)(fail(errc::unavailable, "Too many reads are waiting; try again soon"));
    }
}

void document_changes::commit(decision d, completion<boost::json::object> done) {
    const auto position = s_.log.next_position();
    for (ports::write& w : d.set) {
        auto* row = std::get_if<ports::document_row>(&w);
        if (row != nullptr && row->position == now) {
            row->position = position;
        }
    }
    s_.log.commit(position, std::move(d.set),
                  [position, answer = std::move(d.answer), applied = std::move(d.applied),
                   f = std::move(done)](bool ok) mutable {
                      if (!ok) {
                          f(fail(errc::unavailable));
                          return;
                      }
                      if (applied) {
                          applied(position);
                      }
                      f(std::move(answer));
                  });
}

void document_changes::change(user_key u, decide d, completion<boost::json::object> done) {
    users_.enter(u, [this, u, d = std::move(d), f = std::move(done)]() mutable {
        read(std::move(d), [this, u, f = std::move(f)](outcome<boost::json::object> r) mutable {
            f(std::move(r));
            users_.leave(u);
        });
    });
}

}  // namespace porchlight::homeserver
