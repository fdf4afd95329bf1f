// behaviour: unmodified matrix-js-sdk clients see each other's presence.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";
import { login, seen, start } from "./sdk.mjs";

// Two net threads: the engine decides on a thread of its own. The other files run the default.
const server = new Server([
    "presence.idle_timeout=1s",
    "presence.offline_grace=500ms",
    "server.threads=2",
]);
let alice, bob, room;

before(async () => {
    await server.start();
    const a = await server.register("alice");
    const b = await server.register("bob");
    room = await server.room(a, b);
    alice = await login(server, "alice");
    bob = await login(server, "bob");
    await start(bob);
});

after(async () => {
    alice?.stopClient();
    bob?.stopClient();
    await server.end();
});

test("a colleague comes online", async () => {
    const online = seen(bob, alice.getUserId(), (u) => u.presence === "online");
    await start(alice);
    await online;
});

test("a status text is seen within a second, and a new one replaces it", async () => {
    const asked = Date.now();
    let noticed = seen(bob, alice.getUserId(), (u) => u.presenceStatusMsg === "at lunch");
    await alice.setPresence({ presence: "online", status_msg: "at lunch" });
    await noticed;
    assert.ok(Date.now() - asked < 1000, `it took ${Date.now() - asked} ms`);
    noticed = seen(bob, alice.getUserId(), (u) => u.presenceStatusMsg === "back");
    await alice.setPresence({ presence: "online", status_msg: "back" });
    await noticed;
});

test("unavailable is seen, and polling does not undo it", async () => {
    const away = seen(bob, alice.getUserId(), (u) => u.presence === "unavailable");
    await alice.setPresence({ presence: "unavailable" });
    await away;
    await bob.sendTextMessage(room, "are you there?"); // wakes alice's sync, which polls again
    await new Promise((resolve) => alice.once("sync", resolve));
    const status = await bob.getPresence(alice.getUserId());
    assert.equal(status.presence, "unavailable");
    assert.equal(status.status_msg, "back");
});

test("a profile change is seen through presence", async () => {
    const renamed = seen(bob, alice.getUserId(), (u) => u.displayName === "Alice of the Porch");
    await alice.setDisplayName("Alice of the Porch");
    await renamed;
});

test("a message arrives", async () => {
    const arrived = new Promise((resolve) => {
        bob.on("Room.timeline", (event) => {
            if (event.getContent().body === "hello bob") resolve(event.getSender());
        });
    });
    await alice.sendTextMessage(room, "hello bob");
    assert.equal(await arrived, alice.getUserId());
});

test("a client that stops is offline after the grace, with its text kept", async () => {
    const gone = seen(bob, alice.getUserId(), (u) => u.presence === "offline");
    alice.stopClient();
    await gone;
    const status = await bob.getPresence(alice.getUserId());
    assert.equal(status.presence, "offline");
    assert.equal(status.status_msg, "back");
    assert.ok(Number.isInteger(status.last_active_ago));
});

test("logging out works and ends the token", async () => {
    const carol = await server.register("carol");
    const client = await login(server, "carol");
    await client.logout(true);
    await assert.rejects(client.whoami(), (e) => e.errcode === "M_UNKNOWN_TOKEN");
    assert.ok((await server.request("GET", "/_matrix/client/v3/account/whoami", carol)).status === 200);
});
