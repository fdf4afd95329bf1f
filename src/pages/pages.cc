#include "pages/pages.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/limits.h"

namespace porchlight::pages {

namespace {

using std::string_view;

// Scripts, styles, pictures and requests of this server alone; nothing inline, and no page of
// elsewhere may put this one into a frame. blob: is for avatars, which are fetched with a token.
constexpr string_view content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

constexpr string_view hashed_folder = "/assets/";
constexpr string_view operators = "/admin";

bool is_document_path(string_view path) {
    return path == "/" || path == operators;
}

string_view trimmed(string_view s) {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) {
        s.remove_prefix(1);
    }
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) {
        s.remove_suffix(1);
    }
    return s;
}

// Takes what stands before the next `separator` off the front.
string_view next_part(string_view& rest, char separator) {
    const auto end = std::min(rest.find(separator), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trimmed(part);
}

bool same_word(string_view a, string_view lower) {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
    });
}

// q=0, q=0.0, ...
bool is_refused(string_view parameters) {
    while (!parameters.empty()) {
        const auto p = next_part(parameters, ';');
        if (p.size() >= 3 && (p[0] == 'q' || p[0] == 'Q') && p[1] == '=') {
            return p.substr(2).find_first_not_of("0.") == string_view::npos;
        }
    }
    return false;
}

// What follows the first piece of a large file.
class file_rest final : public ports::body_rest {
  public:
    explicit file_rest(string_view left) : left_(left) {}
    void next(piece done) override {
        const auto part = left_.substr(0, base::limits::media_piece_bytes);
        left_.remove_prefix(part.size());
        done(part.empty() ? std::nullopt : std::optional<std::string>(part));
    }

  private:
    string_view left_;
};

ports::http_response refused(int status, string_view sentence) {
    ports::http_response r;
    r.status = status;
    r.body = R"({"errcode":"M_UNRECOGNIZED","error":")" + std::string(sentence) + R"("})";
    return r;
}

ports::http_response headed(const file& f) {
    ports::http_response r;
    const bool is_hashed = f.path.starts_with(hashed_folder);
    r.content_type = f.content_type;
    r.headers = {{"ETag", "W/" + std::string(f.etag)},
                 {"Vary", "Accept-Encoding"},
                 {"Cache-Control", is_hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Content-Security-Policy", std::string(content_policy)},
                 {"Referrer-Policy", "no-referrer"},
                 {"Cross-Origin-Opener-Policy", "same-origin"}};
    return r;
}

void give(ports::http_response& r, string_view bytes) {
    const auto first = bytes.substr(0, base::limits::media_piece_bytes);
    r.body = first;
    r.rest_bytes = bytes.size() - first.size();
    if (r.rest_bytes > 0) {
        r.rest = std::make_shared<file_rest>(bytes.substr(first.size()));
    }
}

}  // namespace

coding chosen_coding(string_view accept_encoding, const file& f) {
    bool gzip = false;
    bool brotli = false;
    while (!accept_encoding.empty()) {
        auto element = next_part(accept_encoding, ',');
        const auto name = next_part(element, ';');
        if (same_word(name, "gzip")) {
            gzip = !is_refused(element);
        } else if (same_word(name, "br")) {
            brotli = !is_refused(element);
        }
    }
    if (brotli && !f.brotli.empty()) {
        return coding::brotli;
    }
    return gzip && !f.gzip.empty() ? coding::gzip : coding::plain;
}

const file* pages::find(string_view path) const {
    const auto at = std::lower_bound(files_.begin(), files_.end(), path,
                                     [](const file& f, string_view p) { return f.path < p; });
    return at != files_.end() && at->path == path ? &*at : nullptr;
}

bool pages::is_for(string_view path) const {
    return find(path) != nullptr || (files_.empty() && is_document_path(path));
}

bool pages::is_operators(string_view path) {
    return path == operators || path.starts_with("/admin/");
}

bool pages::is_asset(string_view path) {
    return path.starts_with(hashed_folder);
}

void pages::on_request(const ports::http_request& r) {
    const file* f = find(r.path);
    if (f == nullptr) {
        return http_.respond(r.handle, refused(404,
                                               "This program was built without its page; ./dev "
                                               "build makes one that has it."));
    }
    if (r.method != "GET" && r.method != "HEAD") {
        return http_.respond(r.handle, refused(405, "The page is read with GET."));
    }
    ports::http_response answer = headed(*f);
    if (r.if_none_match.find(f->etag) != string_view::npos) {
        answer.status = 304;
        return http_.respond(r.handle, std::move(answer));
    }
    switch (chosen_coding(r.accept_encoding, *f)) {
        case coding::brotli:
            answer.headers.emplace_back("Content-Encoding", "br");
            give(answer, f->brotli);
            break;
        case coding::gzip:
            answer.headers.emplace_back("Content-Encoding", "gzip");
            give(answer, f->gzip);
            break;
        case coding::plain:
            give(answer, f->plain);
            break;
    }
    http_.respond(r.handle, std::move(answer));
}

}  // namespace porchlight::pages
