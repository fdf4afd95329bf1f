// matrix-js-sdk's own SlidingSync against the server: rooms, messages, and presence by an extension.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";
import { ClientEvent, RoomEvent, login, slidingSync } from "./sdk.mjs";

const server = new Server();
const seen = []; // presence events, in order of arrival
let alice, bob, room, client;
let wanted; // { test, resolve }

const presence = {
    name: () => "io.porchlight.presence",
    when: () => "ExtState.PostProcess",
    onRequest: async () => ({ enabled: true }),
    onResponse: async ({ events }) => {
        seen.push(...events);
        check();
    },
};

function check() {
    if (wanted && wanted.test()) wanted.resolve();
}

function until(test) {
    return new Promise((resolve) => {
        wanted = { test, resolve };
        check();
    });
}

before(async () => {
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    room = await server.room(alice, bob);
    client = await login(server, "bob");
    client.on(RoomEvent.Timeline, check);
    client.on(ClientEvent.Room, check);
    const lists = new Map([
        ["all", { ranges: [[0, 19]], timeline_limit: 10, required_state: [["*", "*"]] }],
    ]);
    const sliding = slidingSync(server.url, lists, client);
    sliding.registerExtension(presence);
    await client.startClient({ slidingSync: sliding });
});

after(async () => {
    client?.stopClient();
    await server.end();
});

const texts = (id) =>
    client
        .getRoom(id)
        ?.getLiveTimeline()
        .getEvents()
        .filter((e) => e.getType() === "m.room.message")
        .map((e) => e.getContent().body) ?? [];

async function say(id, body) {
    const sent = await server.request(
        "PUT",
        `/_matrix/client/v3/rooms/${encodeURIComponent(id)}/send/m.room.message/${body}`,
        { token: alice.token, body: { msgtype: "m.text", body } },
    );
    assert.equal(sent.status, 200);
}

test("a room that was there appears, and its messages arrive", async () => {
    await until(() => client.getRoom(room));
    assert.equal(client.getRoom(room).getMyMembership(), "join");
    assert.equal(client.getRoom(room).getJoinedMemberCount(), 2);
    await say(room, "one");
    await say(room, "two");
    await until(() => texts(room).includes("two"));
    assert.deepEqual(texts(room), ["one", "two"]);
});

test("a room joined later appears", async () => {
    const later = await server.room(alice, bob);
    await until(() => client.getRoom(later)?.getMyMembership() === "join");
    await say(later, "hello");
    await until(() => texts(later).includes("hello"));
    assert.deepEqual(texts(later), ["hello"]);
});

test("presence arrives by the extension, text and all", async () => {
    await server.setStatus(alice, "unavailable", "at lunch");
    const last = () => seen.findLast((e) => e.sender === alice.id)?.content;
    await until(() => last()?.presence === "unavailable");
    assert.equal(last().status_msg, "at lunch");
    await server.setStatus(alice, "online", "");
    await until(() => last()?.presence === "online");
    assert.equal(last().status_msg, undefined);
});

test("a kill forgets the connection: the client begins anew and goes on", async () => {
    await server.kill();
    await server.start();
    await say(room, "three");
    await until(() => texts(room).includes("three"));
    assert.deepEqual(texts(room), ["one", "two", "three"]);
});
