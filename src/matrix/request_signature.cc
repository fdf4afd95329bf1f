#include "matrix/request_signature.h"

#include <algorithm>
#include <map>

#include "base/assert.h"
#include "matrix/identifier.h"

namespace porchlight::matrix {

namespace {

failure refused(std::string_view what) {
    return fail(errc::unauthorized, "The header Authorization " + std::string{what} + ".");
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_space(char c) {
    return c == ' ' || c == '\t';
}

// Reads the parameters behind the scheme: name=value, separated by commas.
class reader {
  public:
    explicit reader(std::string_view text) : rest_(text) {}

    void skip(auto&& what) {
        rest_.remove_prefix(
            static_cast<std::size_t>(std::ranges::find_if_not(rest_, what) - rest_.begin()));
    }
    bool at_end() const { return rest_.empty(); }
    bool take(char c) {
        if (!rest_.starts_with(c)) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    std::string name() {
        std::string out;
        while (!rest_.empty() && rest_.front() != '=' && rest_.front() != ',' &&
               !is_space(rest_.front())) {
            out += lower(rest_.front());
            rest_.remove_prefix(1);
        }
        return out;
    }
    // None: a quote that doesn't end.
    std::optional<std::string> value() {
        std::string out;
        if (!take('"')) {
            while (!rest_.empty() && rest_.front() != ',' && !is_space(rest_.front())) {
                out += rest_.front();
                rest_.remove_prefix(1);
            }
            return out;
        }
        while (!rest_.empty() && rest_.front() != '"') {
            if (take('\\') && rest_.empty()) {
                return std::nullopt;
            }
            out += rest_.front();
            rest_.remove_prefix(1);
        }
        return take('"') ? std::optional{std::move(out)} : std::nullopt;
    }

  private:
    std::string_view rest_;
};

outcome<std::map<std::string, std::string>> parameters(std::string_view text) {
    std::map<std::string, std::string> found;
    reader in{text};
    const auto between = [](char c) { return is_space(c) || c == ','; };
    for (in.skip(between); !in.at_end(); in.skip(between)) {
        std::string name = in.name();
        in.skip(is_space);
        if (name.empty() || !in.take('=')) {
            return refused("must have parameters of the form name=\"value\"");
        }
        in.skip(is_space);
        auto value = in.value();
        if (!value) {
            return refused("has a quote that doesn't end");
        }
        if (!found.emplace(std::move(name), std::move(*value)).second) {
            return refused("names a parameter twice");
        }
    }
    return found;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

}  // namespace

outcome<request_signature> parse_request_signature(std::string_view header) {
    constexpr std::string_view scheme = "x-matrix";
    if (header.size() <= scheme.size() || !is_space(header[scheme.size()]) ||
        !std::ranges::equal(header.substr(0, scheme.size()), scheme, {}, lower)) {
        return refused("must begin with X-Matrix");
    }
    auto read = parameters(header.substr(scheme.size()));
    if (!read) {
        return read.error();
    }
    auto& values = *read;
    for (const auto* name : {"origin", "key", "sig"}) {
        if (values[name].empty()) {
            return refused("lacks the parameter " + std::string{name});
        }
    }
    request_signature s{values["origin"], std::nullopt, values["key"], values["sig"]};
    if (const auto d = values.find("destination"); d != values.end()) {
        s.destination = d->second;
    }
    if (!is_server_name(s.origin) || (s.destination && !is_server_name(*s.destination))) {
        return refused("names an origin or a destination that is no server name");
    }
    if (!is_signing_key_id(s.key_id)) {
        return refused("names a key that is not of the form ed25519:VERSION");
    }
    return s;
}

std::string to_header(const request_signature& s) {
    std::string out = "X-Matrix origin=" + quoted(s.origin);
    if (s.destination) {
        out += ",destination=" + quoted(*s.destination);
    }
    return out + ",key=" + quoted(s.key_id) + ",sig=" + quoted(s.signature);
}

outcome<std::string> text_of(const request_facts& r) {
    json::object o{
        {"method", r.method}, {"uri", r.uri}, {"origin", r.origin}, {"destination", r.destination}};
    if (r.content != nullptr) {
        o["content"] = *r.content;
    }
    return canonical_json(o);
}

std::string sign_request(const request_facts& r, const signing_key& key) {
    const auto text = text_of(r);
    ASSERT(text);
    return to_header(
        {std::string{r.origin}, std::string{r.destination}, key.key_id(), key.sign(*text)});
}

}  // namespace porchlight::matrix
