// matrix-js-sdk in a real browser: CORS, preflight and fetch as a web client uses them.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { Server } from "./server.mjs";

const server = new Server(["presence.offline_grace=500ms"]);
let page, browser, site, alice, bob;

before(async () => {
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    await server.room(alice, bob);
    const bundle = await build({
        stdin: {
            contents: 'export { createClient, ClientEvent } from "matrix-js-sdk";',
            resolveDir: import.meta.dirname,
        },
        bundle: true,
        write: false,
        format: "iife",
        globalName: "matrix",
        platform: "browser",
        loader: { ".wasm": "dataurl" },
        define: { global: "globalThis" },
        external: ["@matrix-org/matrix-sdk-crypto-wasm"],
        logLevel: "error",
    });
    const script = bundle.outputFiles[0].text;
    site = createServer((request, response) => {
        const js = request.url === "/client.js";
        response.setHeader("Content-Type", js ? "text/javascript" : "text/html");
        response.end(js ? script : "<!doctype html><title>client</title><script src=/client.js></script>");
    });
    await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
    browser = await chromium.launch({
        executablePath: "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    page = await browser.newPage();
    page.on("pageerror", (e) => console.error("page:", e.message));
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
});

after(async () => {
    await browser?.close();
    site?.close();
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
