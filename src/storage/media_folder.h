#pragma once

#include <filesystem>

#include "ports/media_files.h"

namespace porchlight::storage {

// Media as files: uploads/ab/abcdef..., thumbnails/ab/abcdef-96x96-crop, and incoming/ for what is
// not settled. Files are written in incoming/, synced, and get their place by a link (uploads) or a
// rename (thumbnails). See docs/media.md.
class media_folder final : public ports::media_files {
  public:
    // Makes the folders when they are missing, for the owner alone. Throws media_error.
    explicit media_folder(std::filesystem::path root);

    // Where it lies below the root: "uploads/ab/abcd...".
    static std::filesystem::path place_of(ports::media_kind kind, std::string_view name);

    void put(ports::media_kind kind, std::string_view name, std::string_view bytes) override;
    void settle(std::string_view name) override;
    std::vector<std::string> unsettled() override;
    std::optional<std::string> read(ports::media_kind kind, std::string_view name,
                                    std::uint64_t offset, std::size_t bytes) override;
    std::optional<std::uint64_t> size(ports::media_kind kind, std::string_view name) override;
    void remove(ports::media_kind kind, std::string_view name) override;

  private:
    std::filesystem::path folder_of(ports::media_kind kind, std::string_view name) const;
    std::filesystem::path path_of(ports::media_kind kind, std::string_view name) const;

    const std::filesystem::path root_;
};

}  // namespace porchlight::storage
