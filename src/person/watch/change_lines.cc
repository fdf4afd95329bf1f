#include "person/watch/change_lines.h"

#include <boost/json/serialize.hpp>

#include "person/text.h"
#include "person/watch/frame.h"
#include "person/words.h"

namespace porchlight::person {

namespace json = boost::json;

std::string line_for_people(const change& c, base::instant now) {
    const std::string at = clock_words(now.wall) + "  ";
    switch (c.what) {
        case change::kind::activity:
            return {};
        case change::kind::asked:
            return at + cleaned(c.who.user_id) + " asks to see you: porchlight list accept";
        case change::kind::lost:
            return at + "no connection: " + cleaned(c.text);
        case change::kind::back:
            return at + "the connection is back";
        case change::kind::presence:
            break;
    }
    const std::string activity = activity_words(c.who.ago(now.mono), c.who.currently_active);
    const std::string text = cleaned(c.who.text);
    return at + name_of(c.who) + " (" + cleaned(c.who.user_id) + ") is " +
           cleaned(state_words(c.who.presence)) + (activity.empty() ? "" : ", " + activity) +
           (text.empty() ? "" : ": " + text);
}

std::string line_for_programs(const change& c, base::instant now) {
    json::object o{{"ts", base::unix_ms(now.wall)}};
    switch (c.what) {
        case change::kind::asked:
            o["type"] = "asked";
            o["user_id"] = c.who.user_id;
            break;
        case change::kind::lost:
            o["type"] = "lost";
            o["reason"] = c.text;
            break;
        case change::kind::back:
            o["type"] = "back";
            break;
        case change::kind::presence:
        case change::kind::activity:
            o["type"] = "presence";
            o["user_id"] = c.who.user_id;
            o["presence"] = c.who.presence;
            o["currently_active"] = c.who.currently_active;
            if (const auto ago = c.who.ago(now.mono)) {
                o["last_active_ago"] = ago->count();
            }
            if (!c.who.text.empty()) {
                o["status_msg"] = c.who.text;
            }
            if (!c.who.name.empty()) {
                o["displayname"] = c.who.name;
            }
            break;
    }
    return json::serialize(o);
}

}  // namespace porchlight::person
