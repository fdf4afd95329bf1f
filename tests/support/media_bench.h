#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "ports/media_files.h"
#include "ports/thumbnailer.h"

// The outside of media by hand.
namespace porchlight::test {

// Files in memory. Outlives a bench as a disk does.
class memory_media final : public ports::media_files {
  public:
    void put(ports::media_kind kind, std::string_view name, std::string_view bytes) override {
        operate();
        if (kind == ports::media_kind::upload) {
            incoming.insert(std::string{name});
        }
        files[{kind, std::string{name}}] = bytes;
    }
    void settle(std::string_view name) override {
        operate();
        incoming.erase(std::string{name});
    }
    std::vector<std::string> unsettled() override {
        operate();
        return {incoming.begin(), incoming.end()};
    }
    std::optional<std::string> read(ports::media_kind kind, std::string_view name,
                                    std::uint64_t offset, std::size_t bytes) override {
        operate();
        const auto found = files.find({kind, std::string{name}});
        if (found == files.end()) {
            return std::nullopt;
        }
        return found->second.substr(std::min<std::size_t>(offset, found->second.size()), bytes);
    }
    std::optional<std::uint64_t> size(ports::media_kind kind, std::string_view name) override {
        operate();
        const auto found = files.find({kind, std::string{name}});
        return found == files.end() ? std::nullopt : std::optional{found->second.size()};
    }
    void remove(ports::media_kind kind, std::string_view name) override {
        operate();
        files.erase({kind, std::string{name}});
    }

    std::map<std::pair<ports::media_kind, std::string>, std::string> files;
    std::set<std::string> incoming;
    std::size_t operations = 0;
    std::size_t fail_at = 0;  // the operation with this number fails, and all after it; 0: none

  private:
    void operate() {
        ++operations;
        if (fail_at != 0 && operations >= fail_at) {
            throw ports::media_error("the disk is full");
        }
    }
};

// Says what it was asked for.
class hand_thumbnailer final : public ports::thumbnailer {
  public:
    std::variant<ports::thumbnail, ports::thumbnail_refusal> make(
        std::string_view image, ports::thumbnail_size size) override {
        ++made;
        if (image.starts_with("huge")) {
            return ports::thumbnail_refusal::too_large;
        }
        if (!image.starts_with("image")) {
            return ports::thumbnail_refusal::no_image;
        }
        return ports::thumbnail{"\x89small " + std::to_string(size.width) + "x" +
                                    std::to_string(size.height) + (size.crop ? " crop" : ""),
                                "image/png"};
    }
    std::size_t made = 0;
};

}  // namespace porchlight::test
