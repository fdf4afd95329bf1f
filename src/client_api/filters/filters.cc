#include "client_api/filters/filters.h"

#include <boost/json/serialize.hpp>
#include <charconv>

#include "client_api/sync/filter.h"

namespace porchlight::client_api {

namespace {

// True: the filters of the path are the caller's own. False: answered.
bool is_own(call& c) {
    if (c.server.accounts.user_id(c.user().user) == c.params[0]) {
        return true;
    }
    c.refuse(fail(errc::forbidden, "Filters belong to their user alone."));
    return false;
}

}  // namespace

void add_filter(call_ptr c) {
    if (!is_own(*c)) {
        return;
    }
    std::string text = json::serialize(c->body);
    // What no stream could use is refused now, not at the first sync.
    const auto compiled =
        compile_filter(text, [&c](base::user_key u) { return c->server.accounts.user_id(u); });
    if (!compiled) {
        c->refuse(compiled.error());
        return;
    }
    c->server.accounts.add_filter(c->user().user, std::move(text), [c](outcome<std::uint32_t> id) {
        if (id) {
            c->reply({{"filter_id", std::to_string(*id)}});
        } else {
            c->refuse(id.error());
        }
    });
}

void filter(call_ptr c) {
    if (!is_own(*c)) {
        return;
    }
    const std::string& text = c->params[1];
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) {
        c->refuse(fail(errc::not_found, "There is no filter with this id."));
        return;
    }
    c->server.accounts.filter(c->user().user, id,
                              [c](outcome<std::shared_ptr<const std::string>> found) {
                                  if (found) {
                                      c->reply_text(**found);
                                  } else {
                                      c->refuse(found.error());
                                  }
                              });
}

}  // namespace porchlight::client_api
