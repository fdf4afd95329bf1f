#pragma once

#include "client_api/call.h"

// Push rules, to read: the specification's default set.
namespace porchlight::client_api {

// The rules of a user: {"override":[...],"content":[...],"room":[],"sender":[],"underride":[...]}.
json::object push_rules_of(std::string_view user_id);

void push_rules(call_ptr c);        // /pushrules/
void push_rules_scope(call_ptr c);  // /pushrules/global/
void push_rule(call_ptr c);         // /pushrules/global/{kind}/{ruleId}
void push_rule_part(call_ptr c);    // .../enabled, .../actions

}  // namespace porchlight::client_api
