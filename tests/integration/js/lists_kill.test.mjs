// behaviour 4.5: what was answered is on disk, whole, whenever the server is killed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";

const server = new Server();
const friends = 6;
let alice;
let others = [];

before(async () => {
    await server.start();
    alice = await server.register("alice");
    for (let i = 0; i < friends; ++i) others.push(await server.register(`friend${i}`));
});
after(() => server.end());

const unstable = "/_matrix/client/unstable/io.porchlight/presence";
const ids = () => others.map((o) => o.id);
const changeList = (body) =>
    server.request("POST", `/_matrix/client/v3/presence/list/${alice.id}`, {
        token: alice.token,
        body,
    });
const answerInvites = (who, body) =>
    server.request("POST", `${unstable}/invites/${who.id}`, { token: who.token, body });
const setPolicy = (who, body) =>
    server.request("PUT", `${unstable}/policy/${who.id}`, { token: who.token, body });

async function entries() {
    const r = await server.request("GET", `/_matrix/client/v3/presence/list/${alice.id}`, {
        token: alice.token,
    });
    assert.equal(r.status, 200);
    return new Map(r.body.map((e) => [e.user_id, e.accepted]));
}

async function overview(who) {
    const r = await server.request("GET", `${unstable}/invites/${who.id}`, { token: who.token });
    assert.equal(r.status, 200);
    return r.body;
}

// Sends a call and kills the server after a while of `wait` turns of the event loop. Whether it was
// answered 200.
async function killDuring(call, wait) {
    const answered = call().then(
        (r) => r.status === 200,
        () => false,
    );
    for (let i = 0; i < wait; ++i) await new Promise((resolve) => setImmediate(resolve));
    await server.kill();
    const done = await answered;
    await server.start();
    return done;
}

test("kill -9 during a call on the list: all of it or nothing, and all if it was answered", async () => {
    let answered = 0;
    for (let round = 0; round < 24; ++round) {
        const inviting = round % 2 === 0;
        const before = await entries();
        assert.equal(before.size, inviting ? 0 : friends);
        const done = await killDuring(
            () => changeList(inviting ? { invite: ids() } : { drop: ids() }),
            round * 20,
        );
        answered += done ? 1 : 0;
        const size = (await entries()).size;
        assert.ok(size === 0 || size === friends, `half a call is there: ${size} entries`);
        if (done) assert.equal(size, inviting ? friends : 0, "an answered call was lost");
        // Both halves agree.
        for (const o of others) {
            const { incoming } = await overview(o);
            assert.equal(incoming.length, size === 0 ? 0 : 1);
        }
        await changeList(inviting ? { invite: ids() } : { drop: ids() }); // the next round's start
    }
    assert.ok(answered > 0 && answered < 24, `the kills came all at one side: ${answered} of 24`);
});

test("kill -9 right after the answer: accepts, revokes, blocks and policies are there", async () => {
    await changeList({ invite: ids() });
    const [bob, carol, dave] = others;
    const afterKill = async (r) => {
        assert.equal(r.status, 200);
        await server.kill();
        await server.start();
    };
    await afterKill(await answerInvites(bob, { accept: [alice.id] }));
    assert.equal((await entries()).get(bob.id), true);
    assert.equal((await server.status(alice, bob)).status, 200);
    await afterKill(await answerInvites(bob, { revoke: [alice.id] }));
    assert.equal((await entries()).get(bob.id), false);
    assert.equal((await server.status(alice, bob)).status, 404);
    assert.deepEqual((await overview(bob)).denied, [alice.id]);

    await server.setStatus(carol, "online", "in");
    await answerInvites(carol, { accept: [alice.id] });
    await afterKill(await answerInvites(carol, { block: [alice.id] }));
    await server.setStatus(carol, "online", "out");
    const frozen = await server.status(alice, carol);
    assert.equal(frozen.body.status_msg, "in");
    assert.equal(frozen.body.presence, "offline");

    await answerInvites(dave, { accept: [alice.id] });
    await afterKill(await setPolicy(dave, { visibility: "nobody" }));
    assert.equal((await server.status(alice, dave)).status, 404);
});
