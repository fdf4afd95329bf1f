// matrix-js-sdk in a real browser: CORS, preflight and fetch as a web client uses them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";
import { Web } from "./web.mjs";

const server = new Server(["presence.offline_grace=500ms"]);
const web = new Web();
let page, alice, bob;

before(async () => {
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    await server.room(alice, bob);
    await web.start();
    page = await web.page();
});

after(async () => {
    await web.end();
    await server.end();
});

test("a web client logs in across origins, syncs and sees a colleague", async () => {
    await page.evaluate(async (baseUrl) => {
        const anonymous = matrix.createClient({ baseUrl });
        const r = await anonymous.loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user: "bob" },
            password: "bob-secret",
        });
        window.client = matrix.createClient({
            baseUrl, userId: r.user_id, accessToken: r.access_token, deviceId: r.device_id,
        });
        const prepared = new Promise((resolve) =>
            client.on(matrix.ClientEvent.Sync, (s) => s === "PREPARED" && resolve()));
        await client.startClient({ initialSyncLimit: 5 });
        await prepared;
    }, server.url);
    assert.equal((await server.setStatus(alice, "online", "on the porch")).status, 200);
    await page.waitForFunction(
        (id) => {
            const user = window.client.getUser(id);
            return user?.presence === "online" && user?.presenceStatusMsg === "on the porch";
        },
        alice.id,
        { timeout: 10000 },
    );
});

test("the web client sets its own state and others see it", async () => {
    const since = (await server.sync(alice)).next_batch;
    await page.evaluate(() => client.setPresence({ presence: "unavailable", status_msg: "afk" }));
    const { found } = await server.syncUntil(alice, since, (b) =>
        b.presence.events.find((e) => e.sender === bob.id && e.content.status_msg === "afk"));
    assert.equal(found.content.presence, "unavailable");
});

test("errors carry CORS headers too, so that the page can read them", async () => {
    const seen = await page.evaluate(async (url) => {
        const r = await fetch(`${url}/_matrix/client/v3/account/whoami`, {
            headers: { Authorization: "Bearer wrong" },
        });
        return { status: r.status, body: await r.json() };
    }, server.url);
    assert.deepEqual([seen.status, seen.body.errcode], [401, "M_UNKNOWN_TOKEN"]);
});

test("a closed page is offline after the grace", async () => {
    const since = (await server.sync(alice)).next_batch;
    await page.close();
    await server.syncUntil(alice, since, (b) =>
        b.presence.events.find((e) => e.sender === bob.id && e.content.presence === "offline"));
});
