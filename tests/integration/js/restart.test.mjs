// behaviour 1.9, 4.5 and 8: nothing acknowledged is lost by kill -9, old tokens work, nobody stays
// online for hours.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, presenceOf } from "./server.mjs";

const server = new Server(["presence.offline_grace=300ms"]);
let alice, bob;

before(async () => {
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    await server.room(alice, bob);
});
after(() => server.end());

test("kill -9: text, messages and tokens survive, and the token hears of what changed", async () => {
    const first = await server.sync(bob);
    assert.equal((await server.setStatus(alice, "online", "on the porch")).status, 200);
    const room = Object.keys(first.rooms.join)[0];
    const sent = await server.request(
        "PUT",
        `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/1`,
        { token: alice.token, body: { msgtype: "m.text", body: "still here?" } },
    );
    assert.equal(sent.status, 200);
    await server.kill();
    await server.start();

    const { found } = await server.syncUntil(bob, first.next_batch, presenceOf(alice));
    assert.equal(found.status_msg, "on the porch");
    const after = await server.sync(bob, first.next_batch);
    const events = after.rooms.join[room].timeline.events;
    assert.deepEqual(
        events.filter((e) => e.type === "m.room.message").map((e) => e.event_id),
        [sent.body.event_id],
    );
});

test("kill -9: everyone is offline after the grace unless they poll again", async () => {
    const token = (await server.sync(bob)).next_batch;
    assert.equal((await server.setStatus(alice, "online")).status, 200);
    const seen = await server.syncUntil(bob, token, presenceOf(alice));
    assert.equal(seen.found.presence, "online");
    await server.metric("porchlight_presence_unsaved", (n) => n === 0); // at most a second
    await server.kill();
    await server.start();
    const gone = await server.syncUntil(
        bob,
        seen.next,
        presenceOf(alice, (c) => c.presence === "offline"),
    );
    assert.equal(gone.found.status_msg, "on the porch");
    assert.ok(Number.isInteger(gone.found.last_active_ago), "last activity is kept");
});

test("SIGTERM answers parked polls, saves and ends quickly with exit code 0", async () => {
    const token = (await server.syncUntil(bob, undefined, (b) => b.next_batch)).next;
    const settled = await server.sync(bob, token);
    const parked = server.sync(bob, settled.next_batch, 30000);
    await server.metric("porchlight_waiters", (n) => n > 0); // the poll is parked
    const asked = Date.now();
    assert.equal(await server.stop(), 0);
    assert.ok(Date.now() - asked < 2000, `draining took ${Date.now() - asked} ms`);
    assert.ok((await parked).next_batch);
    await server.start();
    assert.ok((await server.sync(bob, settled.next_batch)).next_batch, "old tokens work");
});

test("a name that is taken stays taken, and logins work, after a kill", async () => {
    await server.kill();
    await server.start();
    const again = await server.request("POST", "/_matrix/client/v3/register", {
        body: { username: "alice", password: "x", auth: { type: "m.login.dummy" } },
    });
    assert.equal(again.body.errcode, "M_USER_IN_USE");
    const login = await server.request("POST", "/_matrix/client/v3/login", {
        body: {
            type: "m.login.password",
            identifier: { type: "m.id.user", user: "alice" },
            password: "alice-secret",
        },
    });
    assert.equal(login.status, 200);
});
