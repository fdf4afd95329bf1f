// Presence lists with consent between unmodified matrix-js-sdk clients that share no room.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";
import { ClientEvent, login, seen, start } from "./sdk.mjs";
import { answer, change, invites, list } from "./lists.mjs";

const server = new Server(["presence.offline_grace=500ms"]);
let alice, phone, tablet; // alice's client, and two of bob's

before(async () => {
    await server.start();
    await server.register("alice");
    await server.register("bob");
    alice = await login(server, "alice");
    phone = await login(server, "bob");
    tablet = await login(server, "bob");
    for (const client of [alice, phone, tablet]) {
        client.heard = [];
        client.on(ClientEvent.ToDeviceEvent, (e) => client.heard.push(e));
        await start(client);
    }
});

after(async () => {
    for (const client of [alice, phone, tablet]) client?.stopClient();
    await server.end();
});

// The next to-device event of a type that a client has not been asked for yet.
async function comes(client, type) {
    for (;;) {
        const at = client.heard.findIndex((e) => e.getType() === type);
        if (at >= 0) return client.heard.splice(at, 1)[0];
        await new Promise((resolve) => client.once(ClientEvent.ToDeviceEvent, resolve));
    }
}

test("a request is shown at once on every device of the one who is asked", async () => {
    await change(alice, { invite: [phone.getUserId()] });
    for (const client of [phone, tablet]) {
        const event = await comes(client, "m.presence_invite");
        assert.equal(event.getSender(), alice.getUserId());
        assert.deepEqual(event.getContent(), {
            observer_user: alice.getUserId(),
            observed_user: phone.getUserId(),
        });
    }
    await assert.rejects(alice.getPresence(phone.getUserId()), (e) => e.errcode === "M_NOT_FOUND");
    assert.equal((await list(alice))[0].accepted, false);
});

test("a device that logs in later is shown it too, over a kill of the server", async () => {
    await server.kill();
    await server.start();
    for (const client of [alice, phone, tablet]) client.retryImmediately();
    const laptop = await login(server, "bob");
    laptop.heard = [];
    laptop.on(ClientEvent.ToDeviceEvent, (e) => laptop.heard.push(e));
    await start(laptop);
    const event = await comes(laptop, "m.presence_invite");
    assert.equal(event.getContent().observer_user, alice.getUserId());
    laptop.stopClient();
    await laptop.logout(true);
});

test("once accepted, the subject is seen without a shared room, and each change of theirs", async () => {
    await phone.setPresence({ presence: "online", status_msg: "on the porch" });
    const visible = seen(
        alice,
        phone.getUserId(),
        (u) => u.presence === "online" && u.presenceStatusMsg === "on the porch",
    );
    await answer(phone, { accept: [alice.getUserId()] });
    await visible;
    const told = await comes(alice, "m.presence_accept");
    assert.equal(told.getSender(), phone.getUserId());
    assert.equal((await list(alice))[0].accepted, true);
    assert.deepEqual(
        (await invites(phone)).observers.map((o) => o.user_id),
        [alice.getUserId()],
    );

    const away = seen(alice, phone.getUserId(), (u) => u.presence === "unavailable");
    await phone.setPresence({ presence: "unavailable" });
    await tablet.setPresence({ presence: "unavailable" });
    await away;
});

test("consent goes one way", async () => {
    await assert.rejects(phone.getPresence(alice.getUserId()), (e) => e.errcode === "M_NOT_FOUND");
});

test("a block freezes what is seen; the end of it shows the state of now", async () => {
    const frozen = seen(alice, phone.getUserId(), (u) => u.presence === "offline");
    await answer(phone, { block: [alice.getUserId()] });
    await frozen;
    await phone.setPresence({ presence: "online", status_msg: "not for alice" });
    const status = await alice.getPresence(phone.getUserId());
    assert.equal(status.presence, "offline");
    assert.equal(status.status_msg, "on the porch");
    const back = seen(alice, phone.getUserId(), (u) => u.presenceStatusMsg === "not for alice");
    await answer(phone, { unblock: [alice.getUserId()] });
    await back;
});

test("a revocation is one offline, and not found from then on", async () => {
    const gone = seen(alice, phone.getUserId(), (u) => u.presence === "offline");
    await answer(phone, { revoke: [alice.getUserId()] });
    await gone;
    await assert.rejects(alice.getPresence(phone.getUserId()), (e) => e.errcode === "M_NOT_FOUND");
    assert.equal((await list(alice))[0].accepted, false);
});

test("after it new requests stay silent", async () => {
    await change(alice, { drop: [phone.getUserId()] });
    await change(alice, { invite: [phone.getUserId()] });
    assert.deepEqual((await invites(phone)).denied, [alice.getUserId()]);
    // Something that does come shows that the request did not.
    await alice.sendToDevice(
        "org.example.ring",
        new Map([[phone.getUserId(), new Map([["*", {}]])]]),
    );
    await comes(phone, "org.example.ring");
    assert.deepEqual(
        phone.heard.map((e) => e.getType()),
        [],
    );
});
