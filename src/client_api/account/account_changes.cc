#include "client_api/account/account.h"
#include "client_api/account/auth_session.h"

namespace porchlight::client_api {

void change_password(call_ptr c) {
    const auto wanted = matrix::required_string(c->object(), "new_password");
    const auto logout_devices = matrix::optional_bool(c->object(), "logout_devices");
    if (!logout_devices) {
        c->refuse(logout_devices.error());
        return;
    }
    if (!wanted) {
        c->refuse(wanted.error());
        return;
    }
    with_password(c, [password = *wanted, all = logout_devices->value_or(true)](call_ptr d) {
        auto& accounts = d->server.accounts;
        const auto who = d->user();
        if (all) {
            accounts.change_password(who.user, password, who.device, answer_empty(std::move(d)));
        } else {
            accounts.change_password_only(who.user, password, answer_empty(std::move(d)));
        }
    });
}

void deactivate(call_ptr c) {
    with_password(c, [](call_ptr d) {
        d->server.accounts.deactivate(d->user().user, [d](outcome<void> r) {
            if (r) {
                d->reply({{"id_server_unbind_result", "no-support"}});
            } else {
                d->refuse(r.error());
            }
        });
    });
}

}  // namespace porchlight::client_api
