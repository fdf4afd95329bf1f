#include "homeserver/lists/exchange.h"

#include "base/limits.h"

namespace porchlight::homeserver {

using presence::consent_input;
using presence::consent_message;
using presence::consent_state;
using presence::entry_input;
using presence::entry_message;

namespace {

// Notices are kept in whole seconds; rounded up, so that a day is never shorter.
wall_time whole_second(wall_time t) {
    return wall_time{std::chrono::ceil<std::chrono::seconds>(t.time_since_epoch())};
}

}  // namespace

void exchange::observer_says(entry_input i) {
    hear(i);
}

void exchange::subject_says(consent_input i) {
    hear(i);
}

void exchange::observers_server_says(entry_message m) {
    hear(m == entry_message::invite ? consent_input::invite : consent_input::withdraw);
}

void exchange::subjects_server_says(consent_message m) {
    hear(m == consent_message::accept ? entry_input::accept : entry_input::deny);
}

void exchange::hear(entry_input i) {
    const auto step = presence::next(entry_.state, i);
    if (step.send == entry_message::invite) {
        entry_.invited = now_;
    }
    entry_.state = step.to;
    accepted_ = accepted_ || step.tell;
    send(step.send);
}

void exchange::hear(consent_input i) {
    if (i == consent_input::invite) {
        if (facts_.swallows) {
            return;
        }
        if (facts_.accepts && consent_.state == consent_state::none) {
            consent_.state = consent_state::preapproved;
        }
    }
    const auto before = consent_.state;
    const auto step = presence::next(before, i);
    consent_.state = step.to;
    if (step.to != before) {
        consent_.since = now_;
    }
    if (step.tell &&
        (!consent_.noticed || now_ - *consent_.noticed >= base::limits::invite_notice_interval)) {
        consent_.noticed = whole_second(now_);
        notice_ = true;
    }
    send(step.send);
}

// Where the four messages leave for the other half.
void exchange::send(entry_message m) {
    if (m == entry_message::none || facts_.subject == place::nowhere) {
        return;
    }
    if (facts_.subject == place::elsewhere) {
        to_subject_ = m;
        return;
    }
    observers_server_says(m);
}

void exchange::send(consent_message m) {
    if (m == consent_message::none || facts_.observer == place::nowhere) {
        return;
    }
    if (facts_.observer == place::elsewhere) {
        to_observer_ = m;
        return;
    }
    subjects_server_says(m);
}

}  // namespace porchlight::homeserver
