// matrix-bot-sdk as it comes: what bots do, from registration to the message answered.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LogLevel, LogService, MatrixAuth, MatrixClient, MemoryStorageProvider } from "./bot_sdk.mjs";
import { presenceOf, Server } from "./server.mjs";

LogService.setLevel(LogLevel.ERROR);

const server = new Server(["presence.offline_grace=500ms"]);
let alice, bot, room;

// Resolves with the event when the client emits one that fits.
function emitted(client, name, fits) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${name} came`)), 10000);
        const listener = (where, event) => {
            if (!fits(where, event)) return;
            clearTimeout(timer);
            client.off(name, listener);
            resolve(event);
        };
        client.on(name, listener);
    });
}

before(async () => {
    await server.start();
    alice = await server.register("alice");
});

after(async () => {
    bot?.stop();
    await server.end();
});

test("a bot registers by the 401 with flows and session, and logs in again", async () => {
    const auth = new MatrixAuth(server.url);
    const first = await auth.passwordRegister("robot", "robot-secret");
    assert.equal((await first.getWhoAmI()).user_id, "@robot:porch.test");
    const again = await auth.passwordLogin("robot", "robot-secret", "tests");
    bot = new MatrixClient(server.url, again.accessToken, new MemoryStorageProvider());
    assert.notEqual(again.accessToken, first.accessToken);
});

test("a wrong password is an error the bot can read", async () => {
    await assert.rejects(new MatrixAuth(server.url).passwordLogin("robot", "wrong"),
        (e) => e.statusCode === 403 && e.body.errcode === "M_FORBIDDEN");
});

test("the bot syncs and is invited to a room that alice made, and joins", async () => {
    await bot.start();
    const invited = emitted(bot, "room.invite", (_, e) => e.sender === alice.id);
    const made = await server.request("POST", "/_matrix/client/v3/createRoom",
        { token: alice.token, body: { invite: ["@robot:porch.test"] } });
    assert.equal(made.status, 200);
    room = made.body.room_id;
    await invited;
    assert.equal(await bot.joinRoom(room), room);
    assert.deepEqual(await bot.getJoinedRooms(), [room]);
    assert.deepEqual((await bot.getJoinedRoomMembers(room)).sort(), [alice.id, "@robot:porch.test"]);
});

test("a message comes to the bot, and its answer to alice", async () => {
    const since = (await server.sync(alice)).next_batch;
    const heard = emitted(bot, "room.message", (where, e) => where === room && e.content.body === "!ping");
    await server.request("PUT", `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/1`,
        { token: alice.token, body: { msgtype: "m.text", body: "!ping" } });
    const event = await heard;
    await bot.replyNotice(room, event, "pong");
    const { found } = await server.syncUntil(alice, since, (b) =>
        b.rooms?.join?.[room]?.timeline.events.find((e) => e.content.msgtype === "m.notice"));
    assert.equal(found.sender, "@robot:porch.test");
    assert.equal(found.content["m.relates_to"]["m.in_reply_to"].event_id, event.event_id);
});

test("the bot sets its status, alice sees it, and the bot sees hers", async () => {
    const since = (await server.sync(alice)).next_batch;
    await bot.setPresenceStatus("online", "answering");
    await server.syncUntil(alice, since,
        presenceOf({ id: "@robot:porch.test" }, (c) => c.status_msg === "answering"));
    assert.equal((await server.setStatus(alice, "unavailable", "at lunch")).status, 200);
    const seen = await bot.getPresenceStatusFor(alice.id);
    assert.deepEqual([seen.state, seen.statusMessage], ["unavailable", "at lunch"]);
});

test("a room the bot makes takes alice, who hears it", async () => {
    const made = await bot.createRoom({ invite: [alice.id], preset: "private_chat", name: "bot's" });
    const joined = await server.request("POST", `/_matrix/client/v3/join/${encodeURIComponent(made)}`,
        { token: alice.token, body: {} });
    assert.equal(joined.status, 200);
    const since = (await server.sync(alice)).next_batch;
    const id = await bot.sendText(made, "welcome");
    await server.syncUntil(alice, since, (b) =>
        b.rooms?.join?.[made]?.timeline.events.find((e) => e.event_id === id));
});

test("a bot that logs out is gone for alice, and its token is worth nothing", async () => {
    const since = (await server.sync(alice)).next_batch;
    bot.stop();
    await bot.doRequest("POST", "/_matrix/client/v3/logout/all", undefined, {});
    await server.syncUntil(alice, since,
        presenceOf({ id: "@robot:porch.test" }, (c) => c.presence === "offline"));
    await assert.rejects(bot.getUserId().then(() => bot.doRequest("GET", "/_matrix/client/v3/account/whoami")),
        (e) => e.body.errcode === "M_UNKNOWN_TOKEN");
});
