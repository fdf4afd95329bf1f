#include "client_api/sliding/matching.h"

#include <algorithm>

#include "client_api/rooms/event_format.h"

namespace porchlight::client_api::sliding {

using ports::membership;

namespace {

json::object content_of(const ports::account_data_row& row) {
    const auto parsed = matrix::parse_json(row.content);
    return parsed && parsed->is_object() ? parsed->get_object() : json::object{};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

using room_ids = std::unordered_set<std::string>;

class matcher {
  public:
    matcher(const plan& p, user_data& data, facts_cache& facts, ports::store_reader& store)
        : plan_(p), data_(data), facts_(facts), store_(store) {}

    bool passes(const list_filter& f, const std::optional<room_ids>& children,
                const planned_room& r);
    std::optional<room_ids> children_of(const list_filter& f);

  private:
    bool passes_facts(const list_filter& f, const planned_room& r);

    const plan& plan_;
    user_data& data_;
    facts_cache& facts_;
    ports::store_reader& store_;
};

// The rooms that the joined ones of the spaces name; none: any room will do.
std::optional<room_ids> matcher::children_of(const list_filter& f) {
    if (!f.spaces) {
        return std::nullopt;
    }
    room_ids found;
    for (const planned_room& r : plan_.rooms) {
        if (r.membership.state != membership::join || !contains(*f.spaces, r.room_id)) {
            continue;
        }
        for (const auto& e : store_.state_at(r.membership.room, plan_.next.durable, false)) {
            if (e.type == "m.space.child" && event_content(e).contains("via")) {
                found.insert(*e.state_key);
            }
        }
    }
    return found;
}

bool matcher::passes_facts(const list_filter& f, const planned_room& r) {
    const room_facts facts = facts_.of(r.membership.room, r.recency, store_);
    if (f.is_encrypted && *f.is_encrypted != facts.is_encrypted) {
        return false;
    }
    if ((f.room_types && !contains(*f.room_types, facts.type)) ||
        contains(f.not_room_types, facts.type)) {
        return false;
    }
    return f.name_like.empty() || lower(facts.name).find(f.name_like) != std::string::npos;
}

bool matcher::passes(const list_filter& f, const std::optional<room_ids>& children,
                     const planned_room& r) {
    if (f.is_invite && *f.is_invite != (r.membership.state == membership::invite)) {
        return false;
    }
    if (children && !children->contains(r.room_id)) {
        return false;
    }
    if (f.is_dm && *f.is_dm != data_.is_dm(r.room_id)) {
        return false;
    }
    if ((f.tags && !data_.has_tag(r.membership.room, *f.tags)) ||
        (!f.not_tags.empty() && data_.has_tag(r.membership.room, f.not_tags))) {
        return false;
    }
    return !f.needs_facts() || passes_facts(f, r);
}

config_ptr together(const std::vector<config_ptr>& configs) {
    if (std::ranges::all_of(configs, [&](const auto& c) { return c == configs.front(); })) {
        return configs.front();
    }
    auto all = std::make_shared<room_config>();
    for (const config_ptr& c : configs) {
        all->timeline_limit = std::max(all->timeline_limit, c->timeline_limit);
        all->state.insert(all->state.end(), c->state.begin(), c->state.end());
    }
    return all;
}

}  // namespace

const std::vector<ports::account_data_row>& user_data::rows() {
    if (!rows_) {
        rows_ = store_.account_data(user_, 0);
        std::erase_if(*rows_, [this](const auto& r) { return r.position > up_to_; });
    }
    return *rows_;
}

bool user_data::is_dm(const std::string& room_id) {
    if (!direct_) {
        direct_.emplace();
        for (const auto& row : rows()) {
            if (row.room.valid() || row.type != "m.direct") {
                continue;
            }
            for (const auto& of_user : content_of(row)) {
                for (const auto& id :
                     of_user.value().is_array() ? of_user.value().get_array() : json::array{}) {
                    if (id.is_string()) {
                        direct_->emplace(id.get_string());
                    }
                }
            }
        }
    }
    return direct_->contains(room_id);
}

bool user_data::has_tag(base::room_key room, const std::vector<std::string>& any_of) {
    for (const auto& row : rows()) {
        if (row.room != room || row.type != "m.tag") {
            continue;
        }
        const json::object content = content_of(row);
        const json::value* tags = content.if_contains("tags");
        return tags != nullptr && tags->is_object() &&
               std::ranges::any_of(any_of, [tags](const std::string& name) {
                   return tags->get_object().contains(name);
               });
    }
    return false;
}

matching match(const plan& p, user_data& data, facts_cache& facts, ports::store_reader& store) {
    const rules& wanted = *p.asked->wanted;
    matcher m{p, data, facts, store};
    matching found;
    found.counts.resize(wanted.lists.size());
    std::vector<matched_room> all(p.rooms.size());
    std::vector<std::vector<config_ptr>> configs(p.rooms.size());
    for (std::size_t l = 0; l < wanted.lists.size(); ++l) {
        const room_list& list = wanted.lists[l];
        const auto children = m.children_of(list.filter);
        for (std::size_t i = 0; i < p.rooms.size(); ++i) {
            if (!m.passes(list.filter, children, p.rooms[i])) {
                continue;
            }
            if (list.shows(found.counts[l]++)) {
                all[i].lists.push_back(l);
                configs[i].push_back(list.config);
            }
        }
    }
    for (std::size_t i = 0; i < p.rooms.size(); ++i) {
        const auto s =
            std::ranges::find(wanted.subscriptions, p.rooms[i].room_id, &subscription::room_id);
        if (s != wanted.subscriptions.end()) {
            all[i].subscribed = true;
            configs[i].push_back(s->config);
        }
        if (configs[i].empty()) {
            continue;
        }
        const auto sent = p.sent->find(p.rooms[i].membership.room);
        all[i].room = &p.rooms[i];
        all[i].sent = sent == p.sent->end() ? nullptr : &sent->second;
        all[i].config = together(configs[i]);
        found.rooms.push_back(std::move(all[i]));
    }
    return found;
}

bool in_scope(const extension& e, const matched_room& m, const rules& wanted) {
    if (!e.enabled) {
        return false;
    }
    const auto named = [](const auto& names, std::string_view name) {
        return !names || contains(*names, "*") || contains(*names, name);
    };
    return (m.subscribed && named(e.rooms, m.room->room_id)) ||
           std::ranges::any_of(m.lists,
                               [&](std::size_t l) { return named(e.lists, wanted.lists[l].name); });
}

}  // namespace porchlight::client_api::sliding
