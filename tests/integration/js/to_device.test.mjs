// To-device messages between unmodified matrix-js-sdk clients: each arrives once, also over kill -9.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";
import { ClientEvent, login, start } from "./sdk.mjs";

const server = new Server();
let alice, bob;
const arrived = []; // at bob's client, whatever happens to the server
let waiting; // { text, resolve }

before(async () => {
    await server.start();
    await server.register("alice");
    await server.register("bob");
    alice = await login(server, "alice");
    bob = await login(server, "bob");
    bob.on(ClientEvent.ToDeviceEvent, (event) => {
        assert.equal(event.getType(), "org.example.ring");
        assert.equal(event.getSender(), alice.getUserId());
        arrived.push(event.getContent().text);
        if (waiting?.text === event.getContent().text) waiting.resolve();
    });
    await start(bob);
});

after(async () => {
    alice?.stopClient();
    bob?.stopClient();
    await server.end();
});

function comes(text) {
    if (arrived.includes(text)) return Promise.resolve();
    return new Promise((resolve) => (waiting = { text, resolve }));
}

function ring(text, device = bob.getDeviceId(), txnId) {
    const content = new Map([[bob.getUserId(), new Map([[device, { text }]])]]);
    return alice.sendToDevice("org.example.ring", content, txnId);
}

test("a message arrives at the device it was sent to", async () => {
    await ring("one");
    await comes("one");
    assert.deepEqual(arrived, ["one"]);
});

test("a request that is repeated sends once", async () => {
    await ring("two", "*", "same");
    await ring("two", "*", "same");
    await ring("three");
    await comes("three");
    assert.deepEqual(arrived, ["one", "two", "three"]);
});

test("kill -9 as soon as it is sent: it arrives, and nothing twice", async () => {
    await ring("four");
    await server.kill(); // whether bob's client was answered already is a matter of chance
    await server.start();
    bob.retryImmediately();
    await comes("four");
    await server.kill();
    await ring("five").catch(() => {}); // nobody is there
    await server.start();
    bob.retryImmediately();
    await ring("five");
    await comes("five");
    assert.deepEqual(arrived, ["one", "two", "three", "four", "five"]);
});

test("kill -9 between the answer and the next poll: the same token gives it again, a newer one never", async () => {
    const carol = await server.register("carol");
    const first = (await server.sync(carol)).next_batch;
    const sent = await server.request("PUT", "/_matrix/client/v3/sendToDevice/org.example.ring/1", {
        token: carol.token,
        body: { messages: { [carol.id]: { [carol.device]: { text: "to myself" } } } },
    });
    assert.equal(sent.status, 200);
    const texts = (sync) => sync.to_device.events.map((e) => e.content.text);
    assert.deepEqual(texts(await server.sync(carol, first)), ["to myself"]);
    await server.kill();
    await server.start();
    const again = await server.sync(carol, first);
    assert.deepEqual(texts(again), ["to myself"]);
    assert.deepEqual(texts(await server.sync(carol, again.next_batch)), []);
    await server.kill();
    await server.start();
    assert.deepEqual(texts(await server.sync(carol, again.next_batch)), []);
    assert.deepEqual(texts(await server.sync(carol)), [], "acknowledged for a first sync too");
});
