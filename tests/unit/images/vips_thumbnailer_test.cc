#include "images/vips_thumbnailer.h"

#include <gtest/gtest.h>
#include <vips/vips.h>

#include "base/limits.h"

namespace porchlight::images {
namespace {

using ports::thumbnail;
using ports::thumbnail_refusal;

class vips_thumbnailer_test : public testing::Test {
  protected:
    static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("test"), 0); }

    // An image of one colour a half, encoded as `suffix` says.
    static std::string image(int width, int height, const char* suffix, int bands = 3) {
        VipsImage* black = nullptr;
        EXPECT_EQ(vips_black(&black, width, height, "bands", bands, nullptr), 0);
        void* bytes = nullptr;
        std::size_t size = 0;
        EXPECT_EQ(vips_image_write_to_buffer(black, suffix, &bytes, &size, nullptr), 0)
            << vips_error_buffer();
        std::string out(static_cast<const char*>(bytes), size);
        g_free(bytes);
        g_object_unref(black);
        return out;
    }
    struct looks {
        int width = 0, height = 0;
    };
    static looks look(const std::string& bytes) {
        VipsImage* i = vips_image_new_from_buffer(bytes.data(), bytes.size(), "", nullptr);
        EXPECT_NE(i, nullptr) << vips_error_buffer();
        if (i == nullptr) {
            return {};
        }
        const looks l{vips_image_get_width(i), vips_image_get_height(i)};
        g_object_unref(i);
        return l;
    }
    looks made(const std::string& from, ports::thumbnail_size size) {
        auto r = thumbnailer.make(from, size);
        EXPECT_TRUE(std::holds_alternative<thumbnail>(r));
        return std::holds_alternative<thumbnail>(r) ? look(std::get<thumbnail>(r).bytes) : looks{};
    }
    thumbnail_refusal refused(std::string_view from) {
        auto r = thumbnailer.make(from, {96, 96, true});
        EXPECT_TRUE(std::holds_alternative<thumbnail_refusal>(r));
        return std::holds_alternative<thumbnail_refusal>(r) ? std::get<thumbnail_refusal>(r)
                                                            : thumbnail_refusal{9};
    }
    static std::string png_head(std::uint32_t width, std::uint32_t height) {
        std::string png = image(1, 1, ".png");
        for (int i = 0; i < 4; ++i) {
            png[16 + i] = static_cast<char>(width >> (24 - 8 * i));
            png[20 + i] = static_cast<char>(height >> (24 - 8 * i));
        }
        std::uint32_t crc = 0xffffffff;  // of "IHDR" and its content, or no reader goes further
        for (std::size_t i = 12; i < 29; ++i) {
            crc ^= static_cast<unsigned char>(png[i]);
            for (int bit = 0; bit < 8; ++bit) {
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
            }
        }
        for (int i = 0; i < 4; ++i) {
            png[29 + i] = static_cast<char>(~crc >> (24 - 8 * i));
        }
        return png;
    }

    vips_thumbnailer thumbnailer;
};

TEST_F(vips_thumbnailer_test, scaled_fits_within_and_cropped_fills) {
    for (const char* kind : {".png", ".jpg", ".gif", ".webp"}) {
        const auto from = image(1000, 500, kind);
        const auto scaled = made(from, {320, 240, false});
        EXPECT_EQ(scaled.width, 320) << kind;
        EXPECT_EQ(scaled.height, 160) << kind;
        const auto cropped = made(from, {96, 96, true});
        EXPECT_EQ(cropped.width, 96) << kind;
        EXPECT_EQ(cropped.height, 96) << kind;
    }
}

TEST_F(vips_thumbnailer_test, nothing_grows) {
    const auto small = made(image(20, 10, ".png"), {320, 240, false});
    EXPECT_EQ(small.width, 20);
    EXPECT_EQ(small.height, 10);
    const auto cropped = made(image(20, 10, ".png"), {96, 96, true});
    EXPECT_LE(cropped.width, 20);
    EXPECT_LE(cropped.height, 10);
}

TEST_F(vips_thumbnailer_test, transparency_stays) {
    auto clear = thumbnailer.make(image(200, 200, ".png", 4), {96, 96, true});
    EXPECT_EQ(std::get<thumbnail>(clear).content_type, "image/png");
    EXPECT_TRUE(std::get<thumbnail>(clear).bytes.starts_with("\x89PNG"));
    auto opaque = thumbnailer.make(image(200, 200, ".png"), {96, 96, true});
    EXPECT_EQ(std::get<thumbnail>(opaque).content_type, "image/jpeg");
}

TEST_F(vips_thumbnailer_test, of_an_animation_the_first_frame) {
    VipsImage* tall = nullptr;
    ASSERT_EQ(vips_black(&tall, 40, 120, "bands", 3, nullptr), 0);
    vips_image_set_int(tall, VIPS_META_PAGE_HEIGHT, 40);
    void* bytes = nullptr;
    std::size_t size = 0;
    ASSERT_EQ(vips_gifsave_buffer(tall, &bytes, &size, nullptr), 0) << vips_error_buffer();
    const auto first = made({static_cast<const char*>(bytes), size}, {96, 96, false});
    EXPECT_EQ(first.width, 40);
    EXPECT_EQ(first.height, 40);
    g_free(bytes);
    g_object_unref(tall);
}

// A few hundred bytes that say they are gigabytes are refused by what they say.
TEST_F(vips_thumbnailer_test, a_bomb_is_refused_by_its_head) {
    EXPECT_EQ(refused(png_head(60'000, 60'000)), thumbnail_refusal::too_large);
    EXPECT_EQ(refused(png_head(20'000, 10)), thumbnail_refusal::too_large);
    EXPECT_EQ(refused(png_head(8'000, 8'000)), thumbnail_refusal::too_large);
    // Within the limits, though its pixels are not there: no crash, whatever it looks like.
    (void)thumbnailer.make(png_head(3'000, 3'000), {96, 96, true});
}

TEST_F(vips_thumbnailer_test, only_four_kinds_are_read) {
    const std::string svg =
        R"(<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>)";
    EXPECT_EQ(refused(svg), thumbnail_refusal::no_image);
    EXPECT_EQ(refused(image(200, 200, ".tif")), thumbnail_refusal::no_image);
    EXPECT_EQ(refused("%PDF-1.4"), thumbnail_refusal::no_image);
    EXPECT_EQ(refused(""), thumbnail_refusal::no_image);
}

TEST_F(vips_thumbnailer_test, broken_images_are_no_images) {
    for (const char* kind : {".png", ".jpg", ".gif", ".webp"}) {
        const auto whole = image(400, 300, kind);
        EXPECT_EQ(refused(std::string_view{whole}.substr(0, 12)), thumbnail_refusal::no_image);
        for (std::size_t keep = 1; keep < whole.size(); keep += 1 + whole.size() / 40) {
            auto bent = whole;
            bent[keep] = static_cast<char>(~bent[keep]);
            (void)thumbnailer.make(bent, {96, 96, true});  // anything but a crash
            (void)thumbnailer.make(std::string_view{whole}.substr(0, keep), {96, 96, true});
        }
    }
}

}  // namespace
}  // namespace porchlight::images
