// Encrypted conversation: matrix-js-sdk with its Rust crypto in three browsers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";
import { Web } from "./web.mjs";

const server = new Server();
const web = new Web();
let alice, bob, room, phone, desk, laptop;

// A device of `name`: logs in, starts crypto, syncs.
async function device(name, title) {
    const page = await web.page();
    await page.evaluate(async ({ baseUrl, name, title }) => {
        const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => quiet };
        const r = await matrix.createClient({ baseUrl, logger: quiet }).loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user: name },
            password: `${name}-secret`,
            initial_device_display_name: title,
        });
        const secrets = new Map();
        const c = (window.client = matrix.createClient({
            baseUrl, userId: r.user_id, accessToken: r.access_token, deviceId: r.device_id,
            logger: quiet,
            cryptoCallbacks: {
                getSecretStorageKey: async ({ keys }) => {
                    const id = Object.keys(keys)[0];
                    return [id, window.storageKey];
                },
                cacheSecretStorageKey: (id, info, key) => secrets.set(id, key),
            },
        }));
        await c.initRustCrypto();
        const prepared = new Promise((resolve) =>
            c.on(matrix.ClientEvent.Sync, (s) => s === "PREPARED" && resolve()));
        await c.startClient({ initialSyncLimit: 20 });
        await prepared;
        // What was read, decrypted, by body.
        window.read = new Map();
        c.on(matrix.RoomEvent.Timeline, (e) => note(e));
        c.on(matrix.MatrixEventEvent.Decrypted, (e) => note(e));
        function note(e) {
            if (e.getType() === "m.room.message" && e.isEncrypted()) {
                window.read.set(e.getContent().body, e.getWireType());
            }
        }
    }, { baseUrl: server.url, name, title });
    return page;
}

const say = (page, body) =>
    page.evaluate(({ room, body }) => client.sendTextMessage(room, body), { room, body });
const reads = (page, body) =>
    page.waitForFunction((b) => window.read.get(b), body, { timeout: 20000 });

// Asks the page until it says yes; waitForFunction() takes any promise for a yes.
async function until(page, question, argument, what) {
    for (const end = Date.now() + 20000; !(await page.evaluate(question, argument)); ) {
        assert.ok(Date.now() < end, what);
    }
}
const knows = async ({ id, title }) => {
    const all = await client.getCrypto().getUserDeviceInfo([id]);
    return [...all.get(id).values()].some((d) => d.displayName === title);
};
const bobs_laptop = { id: "@bob:porch.test", title: "laptop" };

before(async () => {
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    await web.start();
    phone = await device("alice", "phone");
    desk = await device("bob", "desk");
    room = await phone.evaluate(async () => {
        const r = await client.createRoom({
            preset: "private_chat",
            invite: ["@bob:porch.test"],
            initial_state: [{ type: "m.room.encryption", state_key: "",
                content: { algorithm: "m.megolm.v1.aes-sha2" } }],
        });
        return r.room_id;
    });
    await desk.evaluate((id) => client.joinRoom(id), room);
    await phone.waitForFunction((id) => client.getRoom(id)?.getMember("@bob:porch.test")?.membership === "join", room);
    await desk.waitForFunction((id) => client.getRoom(id)?.hasEncryptionStateEvent(), room);
});

after(async () => {
    await web.end();
    await server.end();
});

test("messages are read on the other side, both ways, and are secret to the server", async () => {
    await say(phone, "is the light on?");
    assert.equal(await (await reads(desk, "is the light on?")).jsonValue(), "m.room.encrypted");
    await say(desk, "it is, come in");
    await reads(phone, "it is, come in");
    const { body } = await server.request("GET",
        `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=20`,
        { token: alice.token });
    const types = body.chunk.map((e) => e.type);
    assert.ok(types.includes("m.room.encrypted"));
    assert.ok(!JSON.stringify(body).includes("come in"));
});

test("one-time keys were taken, and the device knows how many are left", async () => {
    const counts = await server.sync({ token: await desk.evaluate(() => client.getAccessToken()) });
    const left = counts.device_one_time_keys_count.signed_curve25519;
    assert.ok(left >= 1 && left <= 50, `${left} left`);
    assert.deepEqual(counts.device_unused_fallback_key_types, ["signed_curve25519"]);
});

test("a device that logs in later reads what is said from then on", async () => {
    laptop = await device("bob", "laptop");
    // Alice's device learns of it by device_lists.
    await until(phone, knows, bobs_laptop, "the new device was not told");
    await say(phone, "welcome, laptop");
    await reads(laptop, "welcome, laptop");
    await reads(desk, "welcome, laptop");
});

test("cross-signing: the own devices are verified by one's own keys", async () => {
    await phone.evaluate(async () => {
        const crypto = client.getCrypto();
        await crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: async (send) => { await send(null); } });
    });
    await until(phone, async () => {
        const s = await client.getCrypto().getDeviceVerificationStatus(client.getUserId(), client.getDeviceId());
        return s.crossSigningVerified;
    }, null, "the device is not verified");
    const others = await server.request("POST", "/_matrix/client/v3/keys/query", {
        token: bob.token, body: { device_keys: { "@alice:porch.test": [] } } });
    assert.ok(others.body.master_keys["@alice:porch.test"]);
    assert.equal(others.body.user_signing_keys["@alice:porch.test"], undefined);
});

test("a key backup brings old messages to a new device", async () => {
    const recovery = await phone.evaluate(async () => {
        const crypto = client.getCrypto();
        const key = await crypto.createRecoveryKeyFromPassphrase();
        window.storageKey = key.privateKey;
        await crypto.bootstrapSecretStorage({ createSecretStorageKey: async () => key, setupNewKeyBackup: true });
        await crypto.checkKeyBackupAndEnable();
        return Array.from(key.privateKey);
    });
    // Both sessions: what the phone said, and what it heard. It waits up to 10 s before it begins.
    for (const end = Date.now() + 20000; ; ) {
        const { body } = await server.request("GET", "/_matrix/client/v3/room_keys/version", { token: alice.token });
        if (body.count >= 2) break;
        assert.ok(Date.now() < end, `only ${body.count} sessions were backed up`);
    }
    const tablet = await device("alice", "tablet");
    const restored = await tablet.evaluate(async (privateKey) => {
        window.storageKey = new Uint8Array(privateKey);
        const crypto = client.getCrypto();
        await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
        await crypto.checkKeyBackupAndEnable();
        return crypto.restoreKeyBackup();
    }, recovery);
    assert.ok(restored.imported >= 2, `${restored.imported} of ${restored.total} imported`);
    await tablet.waitForFunction((id) => client.getRoom(id)?.getLiveTimeline().getEvents()
        .some((e) => e.getContent().body === "it is, come in"), room, { timeout: 20000 });
});

test("a device that logs out is gone from the lists", async () => {
    await laptop.evaluate(() => client.logout(true));
    await until(phone, async (d) => {
        const all = await client.getCrypto().getUserDeviceInfo([d.id]);
        return ![...all.get(d.id).values()].some((each) => each.displayName === d.title);
    }, bobs_laptop, "the device that logged out is still listed");
});
