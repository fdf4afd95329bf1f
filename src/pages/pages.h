#pragma once

#include <span>
#include <string_view>

#include "pages/embedded.h"
#include "ports/http.h"

namespace porchlight::pages {

// Serves files from memory: compressed as the client takes them, assets cached for a year (their
// names hold a hash of their contents), documents asked for anew each time and answered 304 when
// they are the same, all under a content security policy that lets a page load and ask this
// server alone. Any net thread.
class pages final {
  public:
    // `files` is sorted by path and outlives this, as `http` does.
    explicit pages(ports::http_sender& http, std::span<const file> files = embedded())
        : http_(http), files_(files) {}

    // Whether the path is one of the files, or a document where there are none.
    bool is_for(std::string_view path) const;
    // The operator's view, which may be for one listener alone.
    static bool is_operators(std::string_view path);
    // What documents load. They need no secret.
    static bool is_asset(std::string_view path);
    // REQUIRES: is_for(r.path). 405 but for GET and HEAD; 404 with a sentence where the program was
    // built without the files.
    void on_request(const ports::http_request& r);

  private:
    const file* find(std::string_view path) const;

    ports::http_sender& http_;
    std::span<const file> files_;
};

enum class coding { plain, gzip, brotli };
// The best of those that an Accept-Encoding header allows and the file has (RFC 9110 12.5.3): a
// coding with q=0 is refused, other weights don't matter. An empty header allows the plain one.
coding chosen_coding(std::string_view accept_encoding, const file& f);

}  // namespace porchlight::pages
