#include "server/commands.h"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <ctime>
#include <filesystem>
#include <functional>
#include <iomanip>
#include <iostream>

#include "client_api/presence/list_json.h"
#include "net/cold_threads.h"
#include "net/real_clock.h"
#include "net/secure_random.h"
#include "server/command_loop.h"
#include "server/house.h"

namespace porchlight::server {

namespace {

using homeserver::outcome;

// Runs one change on the data folder and says how it ended.
int with_house(const config& c,
               const std::function<void(house&, homeserver::completion<void>)>& change,
               const std::string& success) {
    net::real_clock clock;
    net::secure_random random;
    command_loop loop(clock);
    net::cold_threads cold(1);
    house h(c, loop, cold, clock, random);
    int code = 1;
    loop.post([&] {
        change(h, [&](outcome<void> o) {
            if (o.has_error()) {
                const auto& f = o.error();
                std::cerr << "porchlight: "
                          << (f.message.empty() ? std::string(matrix::describe(f.code).sentence)
                                                : f.message)
                          << '\n';
            } else {
                std::cout << success << (success.empty() ? "" : "\n");
                code = 0;
            }
            h.engine_ptr->drain(clock.now());
            h.close([&] { loop.stop(); });
        });
    });
    loop.run();
    cold.stop();
    return code;
}

homeserver::completion<void> not_found(homeserver::completion<void> done, const std::string& id) {
    done(matrix::fail(matrix::errc::not_found, "there is no account " + id));
    return {};
}

std::string whole_id(const house& h, const std::string& name) {
    return name.starts_with('@') ? name : h.accounts->make_user_id(name);
}

}  // namespace

int user_add(const config& c, const std::string& name, const std::string& password) {
    return with_house(
        c,
        [&](house& h, homeserver::completion<void> done) {
            h.accounts->add_account(
                name, password, [done = std::move(done)](outcome<base::user_key> u) mutable {
                    done(u.has_error() ? outcome<void>(u.error()) : outcome<void>());
                });
        },
        "added " + name);
}

int user_passwd(const config& c, const std::string& name, const std::string& password) {
    return with_house(
        c,
        [&](house& h, homeserver::completion<void> done) {
            const std::string id = whole_id(h, name);
            const auto user = h.accounts->find(id);
            if (!user) {
                not_found(std::move(done), id);
                return;
            }
            h.accounts->change_password(*user, password, std::nullopt, std::move(done));
        },
        "changed the password of " + name + " and logged out all its devices");
}

int user_deactivate(const config& c, const std::string& name) {
    return with_house(
        c,
        [&](house& h, homeserver::completion<void> done) {
            const std::string id = whole_id(h, name);
            const auto user = h.accounts->find(id);
            if (!user) {
                not_found(std::move(done), id);
                return;
            }
            h.accounts->deactivate(*user, std::move(done));
        },
        "deactivated " + name + "; the name is never given again");
}

namespace {

// Prints what is known of a user; `print` runs with the house as it is.
int print_of(const config& c, const std::string& name,
             const std::function<void(house&, base::user_key)>& print) {
    return with_house(
        c,
        [&](house& h, homeserver::completion<void> done) {
            const std::string id = whole_id(h, name);
            const auto user = h.accounts->find(id);
            if (!user) {
                not_found(std::move(done), id);
                return;
            }
            print(h, *user);
            done(outcome<void>{});
        },
        "");
}

void print_row(std::string_view what, std::string_view id, base::wall_time since) {
    const std::time_t seconds = base::unix_ms(since) / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::cout << std::left << std::setw(12) << what << ' ' << std::setw(40) << id << ' '
              << std::put_time(&utc, "%Y-%m-%d %H:%M UTC") << '\n';
}

void print_rows(const house& h, std::string_view what,
                const std::vector<homeserver::lists::dated>& rows) {
    for (const auto& r : rows) {
        print_row(what, h.accounts->user_id(r.user), r.since);
    }
}

void print_rows(const house& h, std::string_view what, const std::vector<base::user_key>& users) {
    for (const base::user_key u : users) {
        std::cout << std::left << std::setw(12) << what << ' ' << h.accounts->user_id(u) << '\n';
    }
}

}  // namespace

int user_list(const config& c, const std::string& name) {
    return print_of(c, name, [](house& h, base::user_key u) {
        const auto policy = client_api::policy_json(h.lists->policy_of(u));
        std::cout << h.accounts->user_id(u)
                  << (h.accounts->is_deactivated(u) ? " (deactivated)" : "") << ": visibility "
                  << policy.at("visibility").as_string().c_str() << ", auto_accept "
                  << policy.at("auto_accept").as_string().c_str() << '\n';
        for (const auto& e : h.lists->list_of(u)) {
            print_row(e.accepted ? "sees" : "asked", h.accounts->user_id(e.subject), e.invited);
        }
        const auto o = h.lists->overview_of(u);
        print_rows(h, "seen by", o.observers);
        print_rows(h, "asked by", o.incoming);
        print_rows(h, "preapproved", o.preapproved);
        print_rows(h, "denied", o.denied);
        print_rows(h, "blocked", o.blocked);
    });
}

int user_export_list(const config& c, const std::string& name) {
    return print_of(c, name, [](house& h, base::user_key u) {
        boost::json::array list;
        for (const auto& e : h.lists->list_of(u)) {
            list.push_back(boost::json::object{{"user_id", h.accounts->user_id(e.subject)},
                                               {"accepted", e.accepted},
                                               {"invited_ts", base::unix_ms(e.invited)}});
        }
        boost::json::object all{{"user_id", h.accounts->user_id(u)},
                                {"policy", client_api::policy_json(h.lists->policy_of(u))},
                                {"list", std::move(list)}};
        for (auto& part : client_api::overview_json(*h.accounts, h.lists->overview_of(u))) {
            all.insert(part);
        }
        std::cout << boost::json::serialize(all) << '\n';
    });
}

int check(const config& c) {
    int problems = 0;
    const auto line = [&](bool ok, const std::string& what) {
        std::cout << (ok ? "ok       " : "PROBLEM  ") << what << '\n';
        problems += ok ? 0 : 1;
    };
    const auto valid = validate(c);
    line(valid.has_value(), valid.has_value() ? "configuration" : valid.error().message);
    for (const std::string& file : {c.tls_cert, c.tls_key}) {
        if (!file.empty()) {
            line(::access(file.c_str(), R_OK) == 0, "readable: " + file);
        }
    }
    const std::string database = c.data + "/porchlight.db";
    if (!std::filesystem::exists(database)) {
        line(true, "no database yet in " + c.data + "; the first start makes one");
        return problems == 0 ? 0 : 1;
    }
    try {
        storage::sqlite_store store({database, {}});
        std::size_t accounts = 0;
        store.accounts([&](ports::account_row&&) { ++accounts; });
        line(true, "database opens, " + std::to_string(accounts) + " accounts");
        const auto name = store.meta("server_name");
        line(!name || *name == c.homeserver.server_name || accounts == 0,
             "server.name is " + c.homeserver.server_name + ", the data is of " +
                 name.value_or("nobody yet"));
        line(store.meta("clean_stop") != "no", "the last stop was clean");
    } catch (const ports::store_error& e) {
        line(false, e.message);
    }
    return problems == 0 ? 0 : 1;
}

}  // namespace porchlight::server
