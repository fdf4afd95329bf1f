#include "presence/consent.h"

#include <array>
#include <cstddef>

namespace porchlight::presence {

namespace {

template <class Table, class State, class Input>
const auto& at(const Table& table, State s, Input i) {
    return table.at(static_cast<std::size_t>(s)).at(static_cast<std::size_t>(i));
}

constexpr auto no_message = entry_message::none;
constexpr auto invite = entry_message::invite;
constexpr auto withdraw = entry_message::withdraw;
constexpr bool tell = true;

// clang-format off
constexpr std::array<std::array<entry_step, 4>, 3> entries = [] {
    using enum entry_state;
    return std::array<std::array<entry_step, 4>, 3>{{
        //              invite               drop               accept                       deny
        /* none     */ {{{pending, invite},  {none},            {none, withdraw},            {none}}},
        /* pending  */ {{{pending, invite},  {none, withdraw},  {accepted, no_message, tell}, {pending}}},
        /* accepted */ {{{accepted},         {none, withdraw},  {accepted},                  {pending}}},
    }};
}();

constexpr auto silent = consent_message::none;
constexpr auto say_accept = consent_message::accept;
constexpr auto say_deny = consent_message::deny;

// The deny that answers the withdrawal of an accepted invite tells an entry which was accepted
// meanwhile, by a message that crossed it, that it is not any more.
constexpr std::array<std::array<consent_step, 5>, 6> consents = [] {
    using enum consent_state;
    return std::array<std::array<consent_step, 5>, 6>{{
        //                 invite                    withdraw           accept                   deny                revoke
        /* none        */ {{{invited, silent, tell}, {none},            {preapproved},           {barred},           {none}}},
        /* invited     */ {{{invited},               {none},            {accepted, say_accept},  {denied, say_deny}, {denied, say_deny}}},
        /* accepted    */ {{{accepted, say_accept},  {none, say_deny},  {accepted},              {denied, say_deny}, {denied, say_deny}}},
        /* preapproved */ {{{accepted, say_accept},  {preapproved},     {preapproved},           {barred},           {none}}},
        /* denied      */ {{{denied},                {barred},          {accepted, say_accept},  {denied},           {denied}}},
        /* barred      */ {{{denied},                {barred},          {preapproved},           {barred},           {barred}}},
    }};
}();
// clang-format on

}  // namespace

entry_step next(entry_state s, entry_input i) {
    return at(entries, s, i);
}

consent_step next(consent_state s, consent_input i) {
    return at(consents, s, i);
}

bool accepts_by_itself(auto_accept policy, const inviter& who) {
    switch (policy) {
        case auto_accept::never:
            return false;
        case auto_accept::contacts:
            return who.contact;
        case auto_accept::same_server:
            return who.same_server;
        case auto_accept::everyone:
            return true;
    }
    return false;
}

}  // namespace porchlight::presence
