#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <sstream>

#include "scenarios/scenario.h"

namespace porchlight::scenarios {

namespace {

constexpr std::array states{"offline", "unavailable", "online", "free_for_chat", "busy", "hidden"};

struct word {
    std::string text;
    bool quoted = false;
};

// The words of one line; a comma is a word, a quoted text is one.
class words {
  public:
    words(std::string_view line, std::string place) : place_(std::move(place)) {
        for (std::size_t i = 0; i < line.size();) {
            if (line[i] == ' ' || line[i] == '\t') {
                ++i;
            } else if (line[i] == ',') {
                list_.push_back({","});
                ++i;
            } else if (line[i] == '"') {
                const std::size_t end = line.find('"', i + 1);
                if (end == std::string_view::npos) {
                    fail("a text that doesn't end: give it a second \"");
                }
                list_.push_back({std::string(line.substr(i + 1, end - i - 1)), true});
                i = end + 1;
            } else {
                const std::size_t end = std::min(line.find_first_of(" \t,\"", i), line.size());
                list_.push_back({std::string(line.substr(i, end - i))});
                i = end;
            }
        }
    }

    bool at_end() const { return next_ == list_.size(); }
    bool is_quoted() const { return !at_end() && list_[next_].quoted; }
    // Takes the phrase if it comes next, whole.
    bool take(std::string_view phrase) {
        std::istringstream in{std::string(phrase)};
        std::size_t n = next_;
        for (std::string w; in >> w; ++n) {
            if (n == list_.size() || list_[n].quoted || list_[n].text != w) {
                return false;
            }
        }
        next_ = n;
        return true;
    }
    void need(std::string_view phrase) {
        if (!take(phrase)) {
            fail(fmt::format("\"{}\" should come here", phrase));
        }
    }
    std::string any(std::string_view what) {
        if (at_end() || list_[next_].quoted || list_[next_].text == ",") {
            fail(fmt::format("{} should come here", what));
        }
        return list_[next_++].text;
    }
    std::string quoted() {
        if (!is_quoted()) {
            fail("a text in \"quotes\" should come here");
        }
        return list_[next_++].text;
    }
    void end() {
        if (!at_end()) {
            fail("nothing more should come here");
        }
    }
    [[noreturn]] void fail(std::string_view why) const {
        std::string before;
        for (std::size_t i = 0; i < std::min(next_ + 1, list_.size()); ++i) {
            before += (i == 0 ? "" : " ") + list_[i].text;
        }
        throw scenario_error(fmt::format("{}: at the end of \"{}\": {}", place_, before, why));
    }

    std::uint32_t number(std::string_view what) {
        const std::string w = any(what);
        std::uint32_t n = 0;
        const auto [end, error] = std::from_chars(w.data(), w.data() + w.size(), n);
        if (error != std::errc{} || end != w.data() + w.size()) {
            --next_;
            fail(fmt::format("{} should come here, in digits", what));
        }
        return n;
    }
    milliseconds duration() {
        const std::string w = any("a time");
        milliseconds sum{0};
        const char* p = w.data();
        const char* const w_end = w.data() + w.size();
        while (p != w_end) {
            std::int64_t n = 0;
            const auto [after, error] = std::from_chars(p, w_end, n);
            const char* unit_end =
                std::find_if(after, w_end, [](char c) { return std::isdigit(c); });
            const std::string_view unit(after, static_cast<std::size_t>(unit_end - after));
            const std::int64_t ms = unit == "ms"  ? 1
                                    : unit == "s" ? 1000
                                    : unit == "m" ? 60'000
                                    : unit == "h" ? 3'600'000
                                    : unit == "d" ? 86'400'000
                                                  : 0;
            if (error != std::errc{} || ms == 0) {
                --next_;
                fail("a time is like 30s, 4m59s, 250ms, 2h or 1d");
            }
            sum += milliseconds{n * ms};
            p = unit_end;
        }
        return sum;
    }
    std::string state() {
        const std::string w = any("a state");
        if (std::find(states.begin(), states.end(), w) == states.end()) {
            --next_;
            fail(fmt::format("a state is one of {}", fmt::join(states, ", ")));
        }
        return w;
    }
    actor who() {
        const std::string w = any("somebody");
        const std::size_t slash = w.find('/');
        return slash == std::string::npos ? actor{w, ""}
                                          : actor{w.substr(0, slash), w.substr(slash + 1)};
    }
    std::vector<std::string> names() {
        std::vector<std::string> all{any("a name")};
        while (take(",") || take("and")) {
            all.push_back(any("a name"));
        }
        return all;
    }
    // "the room [called X]"; the room that nobody named is "room".
    std::string room() {
        need("the room");
        return take("called") ? any("the room's name") : "room";
    }

  private:
    std::vector<word> list_;
    std::size_t next_ = 0;
    std::string place_;
};

void add_user(setup& s, const std::string& name) {
    if (std::find(s.users.begin(), s.users.end(), name) == s.users.end()) {
        s.users.push_back(name);
    }
}

void share_rooms(words& w, setup& s, const std::vector<std::string>& names) {
    const std::uint32_t count = w.take("a") ? 1 : w.number("a number of rooms");
    const bool is_public = w.take("public");
    if (!w.take("rooms")) {
        w.need("room");
    }
    const std::string base = w.take("called") ? w.any("the room's name") : "room";
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::string name = i == 0 ? base : fmt::format("{}{}", base, i + 1);
        for (const room& r : s.rooms) {
            if (r.name == name) {
                w.fail(
                    fmt::format("there is a room called {} already: give this one a name", name));
            }
        }
        s.rooms.push_back({name, names, is_public});
    }
}

std::string policy(words& w) {
    for (const char* const p : {"all", "not_public", "none"}) {
        if (w.take(p)) {
            return p;
        }
    }
    w.fail("a rooms policy should come here: all, not_public or none");
}

void parse_given(words& w, setup& s) {
    if (w.take("idle timeout")) {
        s.idle_timeout = w.duration();
    } else if (w.take("grace")) {
        s.grace = w.duration();
    } else if (w.take("active window")) {
        s.active_window = w.duration();
    } else if (w.take("rooms policy")) {
        s.rooms_policy = policy(w);
    } else if (w.take("room members max")) {
        s.room_members_max = w.number("a number of members");
    } else {
        const std::vector<std::string> names = w.names();
        for (const std::string& name : names) {
            add_user(s, name);
        }
        if (w.take("share")) {
            share_rooms(w, s, names);
        } else if (!w.take("exists") && !w.take("exist")) {
            w.fail("\"exists\" or \"share a room\" should come here");
        }
    }
    w.end();
}

step::puts parse_put(words& w, actor who, bool unhide) {
    step::puts p{.who = std::move(who), .state = "online", .unhide = unhide};
    if (!unhide || w.take("as")) {
        p.state = w.state();
    }
    if (w.take("expiring in")) {
        p.expires_in = w.duration();
    }
    if (w.take("text") || w.is_quoted()) {
        p.text = w.quoted();
    }
    return p;
}

bool take_oneself(words& w) {
    return w.take("herself") || w.take("himself") || w.take("themself");
}

// From the state on.
void parse_view(words& w, step::sees& s) {
    s.state = w.state();
    while (!w.at_end()) {
        if (w.is_quoted()) {
            s.text = w.quoted();
        } else if (w.take("with no text")) {
            s.text = "";
        } else if (w.take("not currently active")) {
            s.currently_active = false;
        } else if (w.take("currently active")) {
            s.currently_active = true;
        } else if (w.take("never active")) {
            s.never_active = true;
        } else if (w.take("active")) {
            s.active_ago = w.duration();
            w.need("ago");
        } else if (!w.take(",") && !w.take("and")) {
            w.fail(
                "what is seen is a text, \"with no text\", \"currently active\", "
                "\"not currently active\", \"active 30s ago\" or \"never active\"");
        }
    }
}

step::sees parse_subject_and_view(words& w, const actor& who) {
    step::sees s{.observer = who.user, .subject = {}};
    s.subject = take_oneself(w) ? who.user : w.any("a name");
    parse_view(w, s);
    return s;
}

any_step parse_sees(words& w, const actor& who) {
    if (w.take("no one called")) {
        return step::sees{.observer = who.user, .subject = w.any("a name")};
    }
    return parse_subject_and_view(w, who);
}

any_step parse_heard(words& w, const actor& who) {
    if (w.take("nothing about")) {
        return step::heard{who, {.observer = who.user, .subject = w.any("a name")}};
    }
    return step::heard{who, parse_subject_and_view(w, who)};
}

std::size_t parse_times(words& w) {
    const std::size_t n = w.take("once") ? 1 : w.take("twice") ? 2 : w.number("a number of times");
    w.take("times");
    return n;
}

any_step parse_events(words& w, const actor& who, bool woken) {
    step::gets_events g{.observer = who};
    if (woken) {
        g.count = parse_times(w);
        return g;
    }
    g.count = w.take("no") ? 0 : w.number("a number of events");
    if (!w.take("events")) {
        w.need("event");
    }
    w.need("about");
    g.subject = take_oneself(w) ? who.user : w.any("a name");
    return g;
}

std::optional<std::string> parse_as(words& w) {
    if (!w.take("as")) {
        return std::nullopt;
    }
    return w.state();
}

// "accepts bob", "accepts contacts without being asked".
std::optional<any_step> parse_list_verb(words& w, const actor& who) {
    using enum step::list_verb;
    constexpr std::array<std::pair<const char*, step::list_verb>, 7> verbs{{{"invites", invite},
                                                                            {"drops", drop},
                                                                            {"accepts", accept},
                                                                            {"denies", deny},
                                                                            {"revokes", revoke},
                                                                            {"blocks", block},
                                                                            {"unblocks", unblock}}};
    constexpr std::array<std::pair<const char*, const char*>, 4> let_in{
        {{"no one", "never"},
         {"contacts", "contacts"},
         {"everyone here", "same_server"},
         {"everyone", "everyone"}}};
    for (const auto& [word, verb] : verbs) {
        if (!w.take(word)) {
            continue;
        }
        for (const auto& [whom, policy] : let_in) {
            if (verb == accept && w.take(whom)) {
                w.need("without being asked");
                return step::sets_policy{.who = who, .auto_accept = policy};
            }
        }
        return step::changes_lists{who, verb, w.any("a name")};
    }
    return std::nullopt;
}

any_step parse_shows(words& w, const actor& who) {
    if (!take_oneself(w)) {
        w.fail("\"herself\", \"himself\" or \"themself\" should come here");
    }
    constexpr std::array<std::pair<const char*, const char*>, 3> circles{
        {{"everyone", "everyone"}, {"lists only", "lists_only"}, {"nobody", "nobody"}}};
    w.need("to");
    for (const auto& [words, visibility] : circles) {
        if (w.take(words)) {
            return step::sets_policy{.who = who, .visibility = visibility};
        }
    }
    w.fail("\"everyone\", \"lists only\" or \"nobody\" should come here");
}

// "has an invite of bob", "has bob on her list, pending", "has bob among the denied"; `there` is
// false after "doesn't have".
any_step parse_has(words& w, const actor& who, bool there) {
    using enum step::answer;
    if (w.take("an invite of")) {
        return step::finds_answer{who.user, w.any("a name"), invited, there};
    }
    std::string whom = w.any("a name");
    if (w.take("among the")) {
        constexpr std::array<std::pair<const char*, step::answer>, 4> places{
            {{"observers", observer},
             {"preapproved", preapproved},
             {"denied", denied},
             {"blocked", blocked}}};
        for (const auto& [word, place] : places) {
            if (w.take(word)) {
                return step::finds_answer{who.user, std::move(whom), place, there};
            }
        }
        w.fail("\"observers\", \"preapproved\", \"denied\" or \"blocked\" should come here");
    }
    if (!w.take("on her list") && !w.take("on his list")) {
        w.need("on their list");
    }
    step::finds_listed f{.shown = {.observer = who.user, .subject = std::move(whom)}};
    if (there) {
        w.need(",");
        f.accepted = w.take("accepted");
        if (!*f.accepted) {
            w.need("pending");
        } else if (w.take(",")) {
            parse_view(w, f.shown);
        }
    }
    return f;
}

// "bob's invite once".
any_step parse_told(words& w, const actor& who, bool told) {
    step::is_told t{.who = who, .what = step::notice::invite, .by = w.any("\"alice's\"")};
    if (!t.by.ends_with("'s")) {
        w.fail("\"'s\" should end the name");
    }
    t.by.resize(t.by.size() - 2);
    if (w.take("acceptance")) {
        t.what = step::notice::acceptance;
    } else {
        w.need("invite");
    }
    t.count = told ? parse_times(w) : 0;
    return t;
}

std::optional<any_step> parse_lists(words& w, const actor& who) {
    if (w.take("shows")) {
        return parse_shows(w, who);
    }
    if (w.take("has")) {
        return parse_has(w, who, true);
    }
    if (w.take("doesn't have")) {
        return parse_has(w, who, false);
    }
    if (w.take("is told of")) {
        return parse_told(w, who, true);
    }
    if (w.take("is not told of")) {
        return parse_told(w, who, false);
    }
    return parse_list_verb(w, who);
}

any_step parse_deed(words& w, const actor& who) {
    if (std::optional<any_step> of_lists = parse_lists(w, who)) {
        return std::move(*of_lists);
    }
    if (w.take("joins")) {
        return step::joins{who, w.room()};
    }
    if (w.take("leaves")) {
        return step::leaves{who, w.room()};
    }
    if (w.take("kicks")) {
        std::string user = w.any("a name");
        w.need("from");
        return step::kicks{who, std::move(user), w.room()};
    }
    if (w.take("makes")) {
        std::string room = w.room();
        const bool is_public = w.take("public");
        if (!is_public) {
            w.need("private");
        }
        return step::makes_room{who, std::move(room), is_public};
    }
    if (w.take("sees")) {
        return parse_sees(w, who);
    }
    if (w.take("last heard of") || w.take("heard")) {
        return parse_heard(w, who);
    }
    if (w.take("is not woken")) {
        return step::gets_events{.observer = who};
    }
    if (w.take("is woken")) {
        return parse_events(w, who, true);
    }
    if (w.take("gets")) {
        return parse_events(w, who, false);
    }
    w.fail(
        "a verb should come here: syncs, polls, stops syncing, puts, unhides, sends a message, "
        "types, reads, logs in, logs out, is deactivated, joins, leaves, kicks, makes, invites, "
        "drops, accepts, denies, revokes, blocks, unblocks, shows, sees, last heard of, heard, "
        "gets, is woken, is not woken, has, doesn't have, is told of, is not told of");
}

any_step parse_step(words& w) {
    if (w.take("the server restarts")) {
        return step::server_restarts{.killed = false};
    }
    if (w.take("the server is killed")) {
        return step::server_restarts{.killed = true};
    }
    if (w.take("the rooms policy becomes")) {
        return step::settings_change{.rooms_policy = policy(w)};
    }
    if (w.take("presence is switched")) {
        const bool on = w.take("on");
        if (!on) {
            w.need("off");
        }
        return step::settings_change{.presence = on};
    }
    const actor who = w.who();
    if (w.take("syncs")) {
        return step::syncs{who, parse_as(w)};
    }
    if (w.take("polls")) {
        return step::polls{who, parse_as(w)};
    }
    if (w.take("stops syncing")) {
        return step::stops_syncing{who};
    }
    if (w.take("puts")) {
        return parse_put(w, who, false);
    }
    if (w.take("unhides")) {
        return parse_put(w, who, true);
    }
    if (w.take("sends a message")) {
        return step::does{who, step::deed::message};
    }
    if (w.take("types")) {
        return step::does{who, step::deed::typing};
    }
    if (w.take("reads")) {
        return step::does{who, step::deed::receipt};
    }
    if (w.take("logs in")) {
        return step::logs_in{who};
    }
    if (w.take("logs out")) {
        return step::logs_out{who};
    }
    if (w.take("is deactivated")) {
        return step::is_deactivated{who.user};
    }
    return parse_deed(w, who);
}

}  // namespace

scenario parse(std::string_view text, const std::string& file) {
    scenario s;
    s.file = file;
    std::istringstream in{std::string(text)};
    std::size_t number = 0;
    for (std::string raw; std::getline(in, raw);) {
        ++number;
        const std::size_t first = raw.find_first_not_of(" \t");
        if (first == std::string::npos || raw[first] == '#') {
            continue;
        }
        words w(raw, fmt::format("{}:{}", file, number));
        if (w.take("only")) {
            s.only = w.names();
            w.end();
        } else if (w.take("given")) {
            parse_given(w, s.given);
        } else {
            w.need("at");
            line l{.number = number, .text = raw, .at = w.duration(), .what = parse_step(w)};
            w.end();
            if (!s.lines.empty() && l.at < s.lines.back().at) {
                w.fail("time doesn't go back: an earlier line stands later");
            }
            s.lines.push_back(std::move(l));
        }
    }
    if (s.lines.empty()) {
        throw scenario_error(file + ": a scenario needs a line that begins with \"at\"");
    }
    return s;
}

scenario load(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) {
        throw scenario_error(file.string() + ": can't be read");
    }
    std::ostringstream text;
    text << in.rdbuf();
    return parse(text.str(), file.filename().string());
}

std::vector<std::filesystem::path> scenario_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == ".scn") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace porchlight::scenarios
