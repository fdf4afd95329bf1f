#pragma once

#include <string>
#include <string_view>

// What a browser is told to do with bytes that a stranger uploaded. Pure.
namespace porchlight::client_api {

// Whether a browser may show the type by itself: those the specification lists, none of which can
// script. Parameters of the type are looked over.
bool may_be_shown(std::string_view content_type);
// "inline; filename=..." or "attachment; ..." (RFC 6266, RFC 8187): whatever the name holds, it is
// one header of visible ASCII. `file_name` is UTF-8; empty: none.
std::string content_disposition(std::string_view content_type, std::string_view file_name);

}  // namespace porchlight::client_api
