// Hydrogen as a web page embeds it: hydrogen-view-sdk in Chromium. It knows nothing of presence;
// that it syncs makes its user online.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { presenceOf, Server } from "./server.mjs";
import { Web } from "./web.mjs";

const server = new Server(["presence.offline_grace=500ms"]);
const web = new Web();
const hydra = { id: "@hydra:porch.test" };
let page, alice, room;

before(async () => {
    await server.start();
    alice = await server.register("alice");
    await web.start(`import * as sdk from "hydrogen-view-sdk"; globalThis.matrix = sdk;`);
    page = await web.page();
    await page.evaluate(async () => {
        window.start = async () => {
            // This page has no service worker, so nobody takes
            // the token for pictures; 0.3.1 does not ask whether there is one.
            class Platform extends matrix.Platform {
                get updateService() {
                    return { updateAuthData() {} };
                }
            }
            const platform = new Platform({
                container: document.body, assetPaths: {}, config: {}, options: { development: false },
            });
            await platform.init();
            window.client = new matrix.Client(platform);
        };
        // Resolves with what `look` gives, once it gives something.
        window.until = async (look) => {
            for (;;) {
                const found = look();
                if (found) return found;
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
        };
        await window.start();
    });
});

after(async () => {
    await web.end();
    await server.end();
});

test("Hydrogen registers by the 401 with flows and session", async () => {
    const made = await page.evaluate(async (url) => {
        const registration = await client.startRegistration(url, "hydra", "hydra-secret", "Hydrogen",
            (flows) => flows.find((f) => f.stages.length === 1 && f.stages[0] === "m.login.dummy"));
        let stage = await registration.start();
        while (stage) stage = await registration.submitStage(stage);
        return registration.authData;
    }, server.url);
    assert.equal(made.userId, hydra.id);
    assert.ok(made.accessToken && made.deviceId);
});

test("a wrong password is told as such", async () => {
    const failure = await page.evaluate(async (url) => {
        const login = await client.queryLogin(url).result;
        await client.startWithLogin(login.password("hydra", "wrong"));
        return client.loginFailure;
    }, server.url);
    assert.equal(failure, "Credentials");
});

test("Hydrogen logs in and is ready after its first sync", async () => {
    const status = await page.evaluate(async (url) => {
        const login = await client.queryLogin(url).result;
        await client.startWithLogin(login.password("hydra", "hydra-secret"));
        await client.loadStatus.waitFor((s) => s === matrix.LoadStatus.Ready ||
            s === matrix.LoadStatus.Error).promise;
        return [client.loadStatus.get(), client.loadError?.message ?? client.session.userId];
    }, server.url);
    assert.deepEqual(status, ["Ready", hydra.id]);
});

test("it accepts an invitation, and the room is in its list", async () => {
    const made = await server.request("POST", "/_matrix/client/v3/createRoom",
        { token: alice.token, body: { invite: [hydra.id], name: "Porch" } });
    assert.equal(made.status, 200);
    room = made.body.room_id;
    const name = await page.evaluate(async (id) => {
        await (await until(() => client.session.invites.get(id))).accept();
        return (await until(() => client.session.rooms.get(id))).name;
    }, room);
    assert.equal(name, "Porch");
});

test("its user is online for alice, who shares the room now", async () => {
    const { found } = await server.syncUntil(alice, undefined, presenceOf(hydra, (c) => c.presence === "online"));
    assert.equal(found.presence, "online");
});

test("a message comes to its timeline, and one of its own to alice", async () => {
    const since = (await server.sync(alice)).next_batch;
    const sent = await server.request("PUT",
        `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/1`,
        { token: alice.token, body: { msgtype: "m.text", body: "good evening" } });
    assert.equal(sent.status, 200);
    await page.evaluate(async (id) => {
        const room = client.session.rooms.get(id);
        const timeline = await room.openTimeline();
        timeline.entries.subscribe({ onAdd() {}, onUpdate() {}, onRemove() {}, onMove() {}, onReset() {} });
        await until(() => [...timeline.entries].find((e) => e.content?.body === "good evening"));
        await room.sendEvent("m.room.message", { msgtype: "m.text", body: "and to you" });
    }, room);
    const { found } = await server.syncUntil(alice, since, (b) =>
        b.rooms?.join?.[room]?.timeline.events.find((e) => e.content.body === "and to you"));
    assert.equal(found.sender, hydra.id);
});

test("a room that Hydrogen makes takes alice, and alice's status is no trouble to it", async () => {
    const made = await page.evaluate(async (invited) => {
        const made = await client.session.createRoom({
            type: matrix.RoomType.Private, isEncrypted: false, name: "Garden", invites: [invited],
        });
        return made.roomId ?? String(made.error);
    }, alice.id);
    assert.match(made, /^!/);
    const joined = await server.request("POST", `/_matrix/client/v3/join/${encodeURIComponent(made)}`,
        { token: alice.token, body: {} });
    assert.equal(joined.status, 200);
    assert.equal((await server.setStatus(alice, "unavailable", "watering")).status, 200);
    await page.evaluate(async (id) => {
        const room = await until(() => client.session.rooms.get(id));
        await until(() => room.joinedMemberCount === 2);
    }, made);
});

test("logged out, its token is worth nothing and its user is offline", async () => {
    const since = (await server.sync(alice)).next_batch;
    const token = await page.evaluate(async () => {
        const sessions = await client._platform.sessionInfoStorage.getAll();
        await client.startLogout(client.sessionId);
        return sessions[0].accessToken;
    });
    await server.syncUntil(alice, since, presenceOf(hydra, (c) => c.presence === "offline"));
    const asked = await server.request("GET", "/_matrix/client/v3/account/whoami", { token });
    assert.deepEqual([asked.status, asked.body.errcode], [401, "M_UNKNOWN_TOKEN"]);
});
