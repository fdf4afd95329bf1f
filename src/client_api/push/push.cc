#include "client_api/push/push.h"

namespace porchlight::client_api {

namespace {

json::object rules(const call& c) {
    return push_rules_of(c.server.accounts.user_id(c.user().user));
}

// The rule of the path; none: answered.
std::optional<json::object> asked_rule(call& c) {
    const json::object all = rules(c);
    const auto* kind = all.if_contains(c.params[0]);
    if (kind == nullptr) {
        c.refuse(fail(errc::invalid_param,
                      "The kind must be override, content, room, sender or underride."));
        return std::nullopt;
    }
    for (const auto& rule : kind->get_array()) {
        if (rule.at("rule_id").get_string() == std::string_view{c.params[1]}) {
            return rule.get_object();
        }
    }
    c.refuse(fail(errc::not_found, "There is no such push rule."));
    return std::nullopt;
}

}  // namespace

void push_rules(call_ptr c) {
    c->reply({{"global", rules(*c)}});
}

void push_rules_scope(call_ptr c) {
    c->reply(rules(*c));
}

void push_rule(call_ptr c) {
    if (auto rule = asked_rule(*c)) {
        c->reply(std::move(*rule));
    }
}

void push_rule_part(call_ptr c) {
    const std::string& part = c->params[2];
    if (part != "enabled" && part != "actions") {
        c->refuse(fail(errc::unrecognized));
        return;
    }
    if (const auto rule = asked_rule(*c)) {
        c->reply(json::object{{part, rule->at(part)}});
    }
}

}  // namespace porchlight::client_api
