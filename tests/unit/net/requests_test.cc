#include <gtest/gtest.h>

#include "unit/net/test_server.h"

namespace porchlight::net::test {
namespace {

TEST(http_requests, are_answered_and_the_connection_is_kept) {
    test_server server;
    auto client = server.client();
    for (int i = 0; i < 3; ++i) {
        const auto r = client.ask(get("/hello?a=%20b"));
        ASSERT_TRUE(r);
        EXPECT_EQ(r->status, 200);
        EXPECT_EQ(r->body, "GET /hello?a=%20b ");
    }
    EXPECT_EQ(server.runtime().open_connections(), 1U);
}

TEST(http_requests, every_response_has_what_browsers_need) {
    test_server server;
    const auto r = server.client().ask(get("/"));
    ASSERT_TRUE(r);
    EXPECT_EQ(r->header("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(r->header("Access-Control-Allow-Methods"), "GET, POST, PUT, DELETE, OPTIONS");
    EXPECT_EQ(r->header("Access-Control-Allow-Headers"),
              "X-Requested-With, Content-Type, Authorization");
    EXPECT_EQ(r->header("Content-Type"), "application/json");
    EXPECT_EQ(r->header("Content-Length"), "7");
    EXPECT_EQ(r->header("Connection"), std::nullopt);
}

TEST(http_requests, reach_the_handler_as_they_were_sent) {
    test_server server;
    auto client = server.client();
    client.ask(
        "PUT /%E2%82%AC/x?q=1?2 HTTP/1.1\r\nHost: t\r\nAUTHORIZATION: Bearer abc\r\n"
        "content-type:  text/x \r\nContent-Length: 4\r\n\r\nbody");
    const auto seen = server.wait_for_request();
    EXPECT_EQ(seen.method, "PUT");
    EXPECT_EQ(seen.path, "/%E2%82%AC/x");
    EXPECT_EQ(seen.query, "q=1?2");
    EXPECT_EQ(seen.authorization, "Bearer abc");
    EXPECT_EQ(seen.content_type, "text/x");
    EXPECT_EQ(seen.body, "body");
    EXPECT_EQ(seen.peer_address, "127.0.0.1");
}

TEST(http_requests, may_come_byte_by_byte) {
    test_server server;
    auto client = server.client();
    for (const char c : put("/slow", "0123456789")) {
        client.send({&c, 1});
        server.on_thread(0, [] {});  // so that bytes are read apart
    }
    EXPECT_EQ(client.receive()->body, "PUT /slow? 0123456789");
}

TEST(http_requests, may_have_chunked_bodies_with_extensions_and_trailers) {
    test_server server;
    auto client = server.client();
    const std::string request =
        "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        "4;ext=1\r\nWiki\r\n6\r\npedia \r\n0\r\nAuthorization: Bearer trailer\r\n\r\n";
    EXPECT_EQ(client.ask(request)->body, "POST /c? Wikipedia ");
    EXPECT_EQ(server.wait_for_request().authorization, "");
    for (const char c : request) {
        client.send({&c, 1});
        server.on_thread(0, [] {});
    }
    EXPECT_EQ(client.receive()->body, "POST /c? Wikipedia ");
}

TEST(http_requests, may_have_large_bodies) {
    test_server server;
    auto client = server.client();
    const std::string body(1024 * 1024, 'x');
    EXPECT_EQ(client.ask(put("/big", body))->body, "PUT /big? " + body);
    EXPECT_EQ(client.ask(get("/after"))->body, "GET /after? ");
}

TEST(http_requests, that_expect_100_continue_are_told_to_go_on) {
    test_server server;
    auto client = server.client();
    client.send("PUT /e HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.receive()->status, 100);
    EXPECT_EQ(client.ask("ok")->body, "PUT /e? ok");
}

TEST(http_requests, with_head_get_the_head_alone) {
    test_server server;
    auto client = server.client();
    client.send("HEAD /h HTTP/1.1\r\nHost: t\r\n\r\n");
    const auto r = client.receive(false);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->header("Content-Length"), "9");
    EXPECT_EQ(client.ask(get("/next"))->body, "GET /next? ");
}

TEST(http_requests, with_options_pass_to_the_handler) {
    test_server server;
    auto client = server.client();
    EXPECT_EQ(client.ask("OPTIONS /o HTTP/1.1\r\nHost: t\r\n\r\n")->body, "OPTIONS /o? ");
    EXPECT_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n")->body, "OPTIONS /? ");
}

TEST(http_requests, in_absolute_form_reach_the_handler_as_paths) {
    test_server server;
    auto client = server.client();
    EXPECT_EQ(client.ask("GET http://t.example/a?b HTTP/1.1\r\nHost: t\r\n\r\n")->body,
              "GET /a?b ");
    EXPECT_EQ(client.ask("GET HTTP://t.example?b HTTP/1.1\r\nHost: t\r\n\r\n")->body, "GET /?b ");
}

TEST(http_requests, pipelined_are_answered_in_order) {
    test_server server;
    auto client = server.client();
    client.send(get("/1") + put("/2", "two") + get("/3"));
    EXPECT_EQ(client.receive()->body, "GET /1? ");
    EXPECT_EQ(client.receive()->body, "PUT /2? two");
    EXPECT_EQ(client.receive()->body, "GET /3? ");
}

TEST(http_requests, of_http_1_0_close_unless_asked_to_stay) {
    test_server server;
    auto client = server.client();
    auto r = client.ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(r->header("Connection"), "keep-alive");
    r = client.ask("GET /b HTTP/1.0\r\n\r\n");
    EXPECT_EQ(r->body, "GET /b? ");
    EXPECT_EQ(r->header("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST(http_requests, with_connection_close_are_the_last) {
    test_server server;
    auto client = server.client();
    const auto r = client.ask(get("/a", "Connection: close\r\n"));
    EXPECT_EQ(r->header("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST(http_requests, empty_lines_before_a_request_are_ignored) {
    test_server server;
    auto client = server.client();
    EXPECT_EQ(client.ask("\r\n\r\n" + get("/a"))->body, "GET /a? ");
}

TEST(http_requests, responses_carry_the_handlers_headers_in_one_line_each) {
    test_server server;
    auto client = server.client();
    client.send(get("/park"));
    ports::http_response r;
    r.status = 302;
    r.content_type = "text/plain";
    r.headers.emplace_back("Location", "/elsewhere\r\nX-Injected: yes");
    server.runtime().respond(server.wait_for_request().handle, std::move(r));
    const auto got = client.receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 302);
    EXPECT_EQ(got->header("Content-Type"), "text/plain");
    EXPECT_EQ(got->header("Location"), "/elsewhere  X-Injected: yes");
    EXPECT_EQ(got->header("X-Injected"), std::nullopt);
}

TEST(http_requests, say_which_listener_they_came_by) {
    settings s;
    s.listen.resize(2);
    test_server server(s);
    const auto& bound = server.runtime().bound();
    test_client(bound[1].port).ask(get("/second"));
    EXPECT_EQ(server.wait_for_request(1).listener, 1U);
    test_client(bound[0].port).ask(get("/first"));
    EXPECT_EQ(server.wait_for_request(2).listener, 0U);
}

TEST(http_requests, may_be_answered_for_this_origin_alone) {
    test_server server;
    auto client = server.client();
    client.send(get("/park"));
    ports::http_response r;
    r.body = "{}";
    r.cross_origin = false;
    server.runtime().respond(server.wait_for_request().handle, std::move(r));
    const auto got = client.receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->header("Access-Control-Allow-Origin"), std::nullopt);
    EXPECT_EQ(got->header("Access-Control-Allow-Methods"), std::nullopt);
    EXPECT_EQ(got->header("Access-Control-Allow-Headers"), std::nullopt);
    EXPECT_EQ(got->header("Content-Type"), "application/json");
}

}  // namespace
}  // namespace porchlight::net::test
