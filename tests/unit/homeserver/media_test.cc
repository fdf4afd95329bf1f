#include "homeserver/media.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/house_bench.h"

namespace porchlight::homeserver {
namespace {

namespace limits = base::limits;
using matrix::errc;
using test::house_bench;
using test::memory_media;

class media_test : public testing::Test {
  protected:
    static settings small_settings() {
        auto s = house_bench::cheap_settings();
        s.media.upload_bytes_max = 1000;
        s.media.user_bytes_max = 2000;
        s.media.user_count_max = 4;
        return s;
    }
    outcome<std::string> upload(std::string bytes, caller who) {
        return house.wait<std::string>([&](auto done) {
            house.media.upload(who, {"text/plain", "note.txt", std::move(bytes)}, std::move(done));
        });
    }
    outcome<std::string> upload(std::string bytes) { return upload(std::move(bytes), alice.who); }
    outcome<media::opened> open(const std::string& id, std::optional<byte_range> range = {}) {
        return house.wait<media::opened>([&](auto done) {
            house.media.open(id, base::milliseconds{0}, range, std::move(done));
        });
    }
    outcome<media::opened> thumbnail(const std::string& id, ports::thumbnail_size size) {
        return house.wait<media::opened>([&](auto done) {
            house.media.open_thumbnail(id, base::milliseconds{0}, size, std::move(done));
        });
    }
    media::created create(caller who) {
        return house
            .wait<media::created>([&](auto done) { house.media.create(who, std::move(done)); })
            .value();
    }
    outcome<void> upload_created(const std::string& id, std::string bytes, caller who) {
        return house.wait<void>([&](auto done) {
            house.media.upload_created(who, id, {"text/plain", "", std::move(bytes)},
                                       std::move(done));
        });
    }
    errc code(const auto& r) {
        EXPECT_FALSE(r);
        return r ? errc::unknown : r.error().code;
    }

    house_bench house{nullptr, small_settings()};
    login_result alice = house.sign_up("alice");
    login_result bob = house.sign_up("bob");
};

TEST_F(media_test, what_is_uploaded_is_read) {
    const auto id = upload("hello").value();
    EXPECT_EQ(id.size(), 24u);
    const auto o = open(id).value();
    EXPECT_EQ(o.begin, "hello");
    EXPECT_EQ(o.whole, 5u);
    EXPECT_EQ(o.content_type, "text/plain");
    EXPECT_EQ(o.row.file_name, "note.txt");
    EXPECT_EQ(code(open("nosuchthing")), errc::not_found);
    EXPECT_EQ(code(open("../../etc/passwd")), errc::not_found);
    EXPECT_TRUE(house.media_files->incoming.empty());
}

TEST_F(media_test, nothing_is_readable_before_the_row_is_on_disk) {
    house.log_device.held = true;
    std::optional<outcome<std::string>> answer;
    house.media.upload(alice.who, {"text/plain", "", "hello"},
                       [&](outcome<std::string> r) { answer = std::move(r); });
    house.settle();
    EXPECT_FALSE(answer);
    ASSERT_EQ(house.media_files->files.size(), 1u);  // the bytes lie there already
    const auto name = house.media_files->files.begin()->first.second;
    EXPECT_EQ(code(open(name)), errc::not_found);
    house.log_device.held = false;
    house.settle();
    ASSERT_TRUE(answer);
    EXPECT_EQ(open(answer->value()).value().begin, "hello");
}

TEST_F(media_test, sizes_are_limited_exactly) {
    EXPECT_TRUE(upload(std::string(1000, 'x')));
    EXPECT_EQ(code(upload(std::string(1001, 'x'))), errc::too_large);
}

TEST_F(media_test, the_quota_of_a_user_is_exact_and_their_own) {
    EXPECT_TRUE(upload(std::string(1000, 'x')));
    EXPECT_TRUE(upload(std::string(999, 'x')));
    EXPECT_EQ(code(upload("ab")), errc::forbidden);
    EXPECT_TRUE(upload("a"));
    EXPECT_EQ(code(upload("b")), errc::forbidden);
    EXPECT_TRUE(upload("b", bob.who));
}

TEST_F(media_test, uploads_at_once_do_not_pass_the_quota) {
    int taken = 0, refused = 0;
    for (int i = 0; i < 5; ++i) {
        house.media.upload(alice.who, {"", "", std::string(900, 'x')},
                           [&](const outcome<std::string>& r) { ++(r ? taken : refused); });
    }
    house.settle();
    EXPECT_EQ(taken, 2);
    EXPECT_EQ(refused, 3);
    EXPECT_EQ(house.media_files->files.size(), 2u);
}

TEST_F(media_test, the_number_of_uploads_is_limited) {
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(upload("x"));
    }
    EXPECT_EQ(code(upload("x")), errc::forbidden);
}

TEST_F(media_test, uploads_on_their_way_to_the_disk_are_bounded) {
    house.config.media.upload_bytes_max = limits::upload_bytes_most;
    house.config.media.user_bytes_max = 0;
    house.cold.held = true;
    std::size_t waiting = 0, refused = 0;
    const std::size_t fit = limits::uploads_at_once_bytes_max / limits::upload_bytes_most;
    for (std::size_t i = 0; i < fit + 1; ++i) {
        house.media.upload(alice.who, {"", "", std::string(limits::upload_bytes_most, 'x')},
                           [&](const outcome<std::string>& r) { ++(r ? waiting : refused); });
        house.settle();
    }
    EXPECT_EQ(refused, 1u);
    house.cold.held = false;
    house.settle();
    EXPECT_EQ(waiting, fit);
    EXPECT_TRUE(upload("x", bob.who));
}

TEST_F(media_test, types_and_names_are_tidied) {
    const auto stored = [&](std::string type, std::string name) {
        const auto id = house
                            .wait<std::string>([&](auto done) {
                                house.media.upload(bob.who, {type, name, "x"}, std::move(done));
                            })
                            .value();
        const auto row = house.store->media(id);
        return std::pair{row->content_type, row->file_name};
    };
    EXPECT_EQ(stored("image/png", "a").first, "image/png");
    EXPECT_EQ(stored("text/html\r\nSet-Cookie: a=b", "a").first, "application/octet-stream");
    EXPECT_EQ(stored("", "").first, "application/octet-stream");
    const auto cut = stored("a/" + std::string(300, 'b'), std::string(254, 'x') + "\xc3\xa4");
    EXPECT_EQ(cut.first, "application/octet-stream");
    EXPECT_EQ(cut.second, std::string(254, 'x'));
}

TEST_F(media_test, large_files_come_in_pieces_and_parts) {
    house.config.media.upload_bytes_max = limits::upload_bytes_most;
    house.config.media.user_bytes_max = 0;
    std::string bytes(limits::media_piece_bytes * 2 + 10, 'x');
    bytes.back() = 'y';
    const auto id = upload(bytes).value();
    const auto o = open(id).value();
    EXPECT_EQ(o.begin.size(), limits::media_piece_bytes);
    EXPECT_EQ(o.whole, bytes.size());
    std::optional<std::string> last;
    house.media.next_piece(o.rest, limits::media_piece_bytes * 2, 10,
                           [&](std::optional<std::string> p) { last = std::move(p); });
    house.settle();
    EXPECT_EQ(last, "xxxxxxxxxy");
    const auto tail = open(id, byte_range{std::nullopt, 2}).value();
    EXPECT_EQ(tail.begin, "xy");
    EXPECT_EQ(tail.part.offset, bytes.size() - 2);
    EXPECT_EQ(code(open(id, byte_range{bytes.size(), std::nullopt})), errc::range_not_satisfiable);
}

// Each operation of the files fails once, and everything after it: nothing half-done is shown, and
// a restart with a disk that works again leaves neither a row without bytes nor bytes without row.
TEST_F(media_test, a_disk_that_fails_at_any_operation_loses_nothing_acknowledged) {
    for (std::size_t at = 1; at <= 2; ++at) {
        auto store = std::make_shared<storage::memory_store>();
        auto files = std::make_shared<memory_media>();
        std::optional<std::string> acknowledged;
        {
            house_bench first{store, small_settings(), true, {}, files};
            const auto who = first.sign_up("carol").who;
            files->fail_at = files->operations + at;
            const auto r = first.wait<std::string>([&](auto done) {
                first.media.upload(who, {"a/b", "", "hello"}, std::move(done));
            });
            EXPECT_EQ(static_cast<bool>(r), at > 1) << at;  // 1: put, 2: settle
            if (r) {
                acknowledged = *r;
            } else {
                EXPECT_EQ(r.error().code, errc::unavailable);
            }
        }
        files->fail_at = 0;
        house_bench second{store, small_settings(), true, {}, files};
        EXPECT_TRUE(files->incoming.empty());
        EXPECT_EQ(files->files.size(), acknowledged ? 1u : 0u);
        if (acknowledged) {
            const auto o = second.wait<media::opened>([&](auto done) {
                second.media.open(*acknowledged, base::milliseconds{0}, {}, std::move(done));
            });
            EXPECT_EQ(o.value().begin, "hello");
        }
    }
}

TEST_F(media_test, a_commit_that_fails_leaves_no_file) {
    house.log_device.full = true;
    EXPECT_EQ(code(upload("hello")), errc::unavailable);
    house.settle();
    EXPECT_TRUE(house.media_files->files.empty());
    EXPECT_TRUE(house.media_files->incoming.empty());
    house.log_device.full = false;
    EXPECT_TRUE(upload("hello"));
}

TEST_F(media_test, a_kill_between_file_and_row_leaves_nothing_behind) {
    auto store = std::make_shared<storage::memory_store>();
    auto files = std::make_shared<memory_media>();
    {
        house_bench first{store, small_settings(), true, {}, files};
        const auto who = first.sign_up("carol").who;
        first.log_device.held = true;
        first.media.upload(who, {"a/b", "", "hello"}, [](const outcome<std::string>&) {});
        first.settle();
        ASSERT_EQ(files->files.size(), 1u);
    }
    house_bench second{store, small_settings(), true, {}, files};
    EXPECT_TRUE(files->files.empty());
    EXPECT_TRUE(files->incoming.empty());
}

TEST_F(media_test, a_full_pool_is_unavailable) {
    const auto id = upload("image").value();
    house.cold.full = true;
    EXPECT_EQ(code(upload("x")), errc::unavailable);
    EXPECT_EQ(code(open(id)), errc::unavailable);
    EXPECT_EQ(code(thumbnail(id, {32, 32, true})), errc::unavailable);
    house.cold.full = false;
    EXPECT_TRUE(upload("x"));
    EXPECT_TRUE(thumbnail(id, {32, 32, true}));
}

TEST_F(media_test, a_missing_file_is_unavailable_and_not_empty) {
    const auto id = upload("hello").value();
    house.media_files->files.clear();
    EXPECT_EQ(code(open(id)), errc::unavailable);
    EXPECT_EQ(code(thumbnail(id, {32, 32, true})), errc::unavailable);
}

// --- created first, uploaded later ---

TEST_F(media_test, a_created_id_takes_one_upload_of_its_creator) {
    const auto c = create(alice.who);
    EXPECT_EQ(code(open(c.media_id)), errc::not_yet_uploaded);
    EXPECT_EQ(code(upload_created(c.media_id, "x", bob.who)), errc::forbidden);
    EXPECT_EQ(code(upload_created("unheardof", "x", alice.who)), errc::not_found);
    EXPECT_EQ(code(upload_created(c.media_id, std::string(1001, 'x'), alice.who)), errc::too_large);
    EXPECT_TRUE(upload_created(c.media_id, "hello", alice.who));
    EXPECT_EQ(open(c.media_id).value().begin, "hello");
    EXPECT_EQ(code(upload_created(c.media_id, "other", alice.who)), errc::cannot_overwrite_media);
    EXPECT_EQ(open(c.media_id).value().begin, "hello");
}

TEST_F(media_test, two_uploads_of_one_id_at_once_are_one) {
    const auto c = create(alice.who);
    std::vector<bool> ok;
    for (const char* bytes : {"first", "second"}) {
        house.media.upload_created(
            alice.who, c.media_id, {"", "", bytes},
            [&](const outcome<void>& r) { ok.push_back(static_cast<bool>(r)); });
    }
    house.settle();
    EXPECT_EQ(ok, (std::vector<bool>{false, true}));
    EXPECT_EQ(open(c.media_id).value().begin, "first");
}

TEST_F(media_test, readers_wait_for_what_is_created) {
    const auto c = create(alice.who);
    std::optional<outcome<media::opened>> got, late;
    house.media.open(c.media_id, std::chrono::seconds{20}, {},
                     [&](outcome<media::opened> o) { got = std::move(o); });
    house.media.open(c.media_id, std::chrono::seconds{1}, {},
                     [&](outcome<media::opened> o) { late = std::move(o); });
    house.advance(std::chrono::seconds{2});
    EXPECT_FALSE(got);
    ASSERT_TRUE(late);
    EXPECT_EQ(code(*late), errc::not_yet_uploaded);
    EXPECT_TRUE(upload_created(c.media_id, "hello", alice.who));
    house.settle();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->value().begin, "hello");
    house.advance(std::chrono::seconds{30});  // its timer finds nothing to do
}

TEST_F(media_test, waiting_readers_are_bounded) {
    const auto c = create(alice.who);
    std::size_t refused = 0;
    for (std::size_t i = 0; i < limits::media_waiters_max + 1; ++i) {
        house.media.open(c.media_id, std::chrono::seconds{20}, {},
                         [&](const outcome<media::opened>& o) { refused += o ? 0 : 1; });
    }
    EXPECT_EQ(refused, 1u);
    house.advance(std::chrono::seconds{20});
    EXPECT_EQ(refused, limits::media_waiters_max + 1);
}

TEST_F(media_test, created_ids_are_few_and_end) {
    std::vector<media::created> made;
    for (std::size_t i = 0; i < limits::media_created_max; ++i) {
        made.push_back(create(alice.who));
    }
    const auto more = house.wait<media::created>(
        [&](auto done) { house.media.create(alice.who, std::move(done)); });
    EXPECT_EQ(code(more), errc::limit_exceeded);
    EXPECT_TRUE(more.error().retry_after);
    create(bob.who);
    house.advance(limits::media_created_lifetime);
    EXPECT_EQ(code(open(made[0].media_id)), errc::not_found);
    EXPECT_EQ(code(upload_created(made[0].media_id, "x", alice.who)), errc::not_found);
    create(alice.who);
    EXPECT_EQ(house.store->document_count(alice.who.user, "media_created", ""), 1u);
}

TEST_F(media_test, created_ids_outlive_a_restart) {
    auto store = std::make_shared<storage::memory_store>();
    std::string id;
    {
        house_bench first{store, small_settings()};
        const auto who = first.sign_up("carol").who;
        id =
            first.wait<media::created>([&](auto done) { first.media.create(who, std::move(done)); })
                .value()
                .media_id;
    }
    house_bench second{store, small_settings()};
    const auto carol = second.accounts.find("@carol:porch.test");
    ASSERT_TRUE(carol);
    const caller who{*carol, {}};
    EXPECT_TRUE(second.wait<void>([&](auto done) {
        second.media.upload_created(who, id, {"", "", "hello"}, std::move(done));
    }));
    EXPECT_EQ(store->document_count(*carol, "media_created", ""), 0u);
}

// --- thumbnails ---

TEST_F(media_test, a_thumbnail_is_made_once_and_kept) {
    const auto id = upload("image").value();
    const auto first = thumbnail(id, {20, 20, true}).value();
    EXPECT_EQ(first.begin, "\x89small 32x32 crop");
    EXPECT_EQ(first.content_type, "image/png");
    EXPECT_EQ(thumbnail(id, {32, 32, true}).value().begin, first.begin);
    EXPECT_EQ(house.thumbnailer.made, 1u);
    EXPECT_EQ(thumbnail(id, {32, 32, false}).value().begin, "\x89small 320x240");
    EXPECT_EQ(code(thumbnail("nosuchthing", {32, 32, false})), errc::not_found);
}

TEST_F(media_test, many_who_ask_for_one_thumbnail_share_it) {
    const auto id = upload("image").value();
    std::size_t got = 0;
    for (int i = 0; i < 10; ++i) {
        house.media.open_thumbnail(id, base::milliseconds{0}, {96, 96, true},
                                   [&](const outcome<media::opened>& o) { got += o ? 1 : 0; });
    }
    house.settle();
    EXPECT_EQ(got, 10u);
    EXPECT_EQ(house.thumbnailer.made, 1u);
}

TEST_F(media_test, what_is_no_image_has_no_thumbnail) {
    EXPECT_EQ(code(thumbnail(upload("text").value(), {32, 32, true})), errc::not_thumbnailed);
    EXPECT_EQ(code(thumbnail(upload("huge").value(), {32, 32, true})), errc::too_large);
}

TEST_F(media_test, a_thumbnail_that_cannot_be_kept_is_shown_all_the_same) {
    const auto id = upload("image").value();
    house.media_files->fail_at = house.media_files->operations + 3;  // look, read, keep
    EXPECT_TRUE(thumbnail(id, {32, 32, true}));
    house.media_files->fail_at = 0;
    EXPECT_TRUE(thumbnail(id, {32, 32, true}));
    EXPECT_EQ(house.thumbnailer.made, 2u);
}

TEST_F(media_test, thumbnails_wait_in_a_bounded_line) {
    house.config.media.user_count_max = 0;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < limits::thumbnails_waiting_max + 2; ++i) {
        ids.push_back(upload("image").value());
    }
    // All look at once, so that all stand in line before the first is made.
    std::size_t made = 0, refused = 0;
    for (const auto& id : ids) {
        house.media.open_thumbnail(
            id, base::milliseconds{0}, {32, 32, true},
            [&](const outcome<media::opened>& o) { ++(o ? made : refused); });
    }
    while (house.cold.step()) {
    }
    house.settle();
    EXPECT_EQ(made, limits::thumbnails_waiting_max + 1);  // one is being made and not in line
    EXPECT_EQ(refused, 1u);
    EXPECT_TRUE(thumbnail(ids.back(), {32, 32, true}));
}

}  // namespace
}  // namespace porchlight::homeserver
