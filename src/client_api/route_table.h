#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client_api/routes.h"

namespace porchlight::client_api {

// The route table as a tree over path segments, built once. Immutable, any thread.
class route_table {
  public:
    // REQUIRES: `rows` outlives the table; no two rows answer the same method and path.
    explicit route_table(std::span<const route> rows);

    struct match {
        const route* found = nullptr;     // null: nothing takes this path with this method
        bool path_known = false;          // another method would
        std::vector<std::string> params;  // of `found`, in the order of its {names}
    };
    // Cost: one comparison per literal child and segment.
    match find(std::string_view method, std::span<const std::string> segments) const;

  private:
    struct node {
        std::string_view literal;  // empty with `is_parameter`, or an empty last segment
        bool is_parameter = false;
        std::vector<std::uint32_t> children;  // literals first
        std::vector<const route*> rows;
    };
    void add(std::string_view prefix, const route& r);
    std::uint32_t child(std::uint32_t parent, std::string_view segment);
    bool descend(std::uint32_t at, std::string_view method, std::span<const std::string> rest,
                 match& m) const;

    std::vector<node> nodes_;  // nodes_[0] is the root
};

}  // namespace porchlight::client_api
