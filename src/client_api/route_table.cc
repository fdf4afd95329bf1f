#include "client_api/route_table.h"

#include <array>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"

namespace porchlight::client_api {

namespace {

constexpr std::array<std::pair<prefix, std::string_view>, 9> prefix_paths{{
    {api_v1, "/_matrix/client/api/v1"},
    {r0, "/_matrix/client/r0"},
    {v1, "/_matrix/client/v1"},
    {v3, "/_matrix/client/v3"},
    {unstable, "/_matrix/client/unstable"},
    {root, ""},
    {media_r0, "/_matrix/media/r0"},
    {media_v1, "/_matrix/media/v1"},
    {media_v3, "/_matrix/media/v3"},
}};

bool is_name(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

route_table::route_table(std::span<const route> rows) {
    nodes_.emplace_back();
    for (const route& r : rows) {
        for (const auto& [flag, path] : prefix_paths) {
            if ((r.prefixes & flag) != 0) {
                add(path, r);
            }
        }
    }
}

void route_table::add(std::string_view prefix, const route& r) {
    std::uint32_t at = 0;
    for (std::string_view rest : {prefix, r.pattern}) {
        while (!rest.empty()) {
            ASSERT(rest.front() == '/');
            rest.remove_prefix(1);
            const auto end = std::min(rest.find('/'), rest.size());
            at = child(at, rest.substr(0, end));
            rest.remove_prefix(end);
        }
    }
    for (const route* other : nodes_[at].rows) {
        ASSERT(other->method != r.method);
    }
    nodes_[at].rows.push_back(&r);
}

std::uint32_t route_table::child(std::uint32_t parent, std::string_view segment) {
    const bool parameter = is_name(segment);
    for (const auto c : nodes_[parent].children) {
        if (nodes_[c].is_parameter == parameter && (parameter || nodes_[c].literal == segment)) {
            return c;
        }
    }
    const auto made = static_cast<std::uint32_t>(nodes_.size());
    node& n = nodes_.emplace_back();
    n.is_parameter = parameter;
    n.literal = parameter ? std::string_view{} : segment;
    auto& children = nodes_[parent].children;
    children.insert(parameter ? children.end() : children.begin(), made);
    return made;
}

bool route_table::descend(std::uint32_t at, std::string_view method,
                          std::span<const std::string> rest, match& m) const {
    const node& n = nodes_[at];
    if (rest.empty()) {
        m.path_known = m.path_known || !n.rows.empty();
        for (const route* r : n.rows) {
            if (r->method == method) {
                m.found = r;
                return true;
            }
        }
        return false;
    }
    const std::string& segment = rest.front();
    for (const auto c : n.children) {
        if (nodes_[c].is_parameter) {
            if (segment.empty()) {
                continue;
            }
            m.params.push_back(segment);
            if (descend(c, method, rest.subspan(1), m)) {
                return true;
            }
            m.params.pop_back();
        } else if (nodes_[c].literal == segment && descend(c, method, rest.subspan(1), m)) {
            return true;
        }
    }
    return false;
}

route_table::match route_table::find(std::string_view method,
                                     std::span<const std::string> segments) const {
    match m;
    if (segments.size() <= base::limits::path_segments_max) {
        descend(0, method, segments, m);
    }
    return m;
}

}  // namespace porchlight::client_api
