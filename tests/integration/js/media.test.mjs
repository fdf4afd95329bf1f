// Media with matrix-js-sdk and a real browser: what is uploaded comes back, and runs nowhere.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { deflateSync, crc32 } from "node:zlib";
import { chromium } from "playwright-core";
import { login, seen, start } from "./sdk.mjs";
import { Server } from "./server.mjs";

// The browser opens media as a page, without a token.
const server = new Server(["media.legacy_reading=true", "media.upload_bytes_max=8MiB"]);
let alice, bob, room, site, browser;
const beacons = [];

// A red PNG.
function png(width, height) {
    const chunk = (type, data) => {
        const body = Buffer.concat([Buffer.from(type), data]);
        const out = Buffer.alloc(body.length + 8);
        out.writeUInt32BE(data.length, 0);
        body.copy(out, 4);
        out.writeUInt32BE(crc32(body), body.length + 4);
        return out;
    };
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 2], 8);
    const row = Buffer.alloc(1 + 3 * width);
    for (let x = 0; x < width; x++) row[1 + 3 * x] = 255;
    const rows = Buffer.concat(Array(height).fill(row));
    return Buffer.concat([
        Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
        chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0)),
    ]);
}

const reading = (client, url) =>
    fetch(url, { headers: { Authorization: `Bearer ${client.getAccessToken()}` } });

before(async () => {
    await server.start();
    alice = await server.register("alice");
    bob = await server.register("bob");
    room = await server.room(alice, bob);
    site = createServer((request, response) => {
        beacons.push(request.url);
        response.setHeader("Access-Control-Allow-Origin", "*");
        response.end("");
    });
    await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
    browser = await chromium.launch({
        executablePath: "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
});

after(async () => {
    await browser?.close();
    site?.close();
    await server.end();
});

test("uploadContent and mxcUrlToHttp give the bytes back, and thumbnails", async () => {
    const client = await login(server, "alice");
    const picture = png(400, 200);
    const { content_uri: mxc } = await client.uploadContent(new Blob([picture]), {
        name: "porch light.png", type: "image/png",
    });
    const url = client.mxcUrlToHttp(mxc, undefined, undefined, undefined, false, true, true);
    assert.match(url, /\/_matrix\/client\/v1\/media\/download\/porch\.test\//);
    const whole = await reading(client, url);
    assert.equal(whole.status, 200);
    assert.deepEqual(Buffer.from(await whole.arrayBuffer()), picture);
    assert.equal(whole.headers.get("content-type"), "image/png");
    assert.equal(whole.headers.get("content-disposition"), 'inline; filename="porch light.png"');
    assert.equal((await fetch(url)).status, 401);

    for (const [width, height, method, wide, high] of
        [[96, 96, "crop", 96, 96], [320, 240, "scale", 320, 160]]) {
        const small = await reading(client, client.mxcUrlToHttp(mxc, width, height, method, false, true, true));
        assert.equal(small.status, 200);
        assert.equal(small.headers.get("content-type"), "image/jpeg");
        assert.deepEqual(sizeOfJpeg(Buffer.from(await small.arrayBuffer())), [wide, high]);
    }
    const config = await client.getMediaConfig(true);
    assert.equal(config["m.upload.size"], 8 * 1024 * 1024);
});

function sizeOfJpeg(bytes) {
    for (let at = 2; at < bytes.length;) {
        const kind = bytes[at + 1];
        if (kind >= 0xc0 && kind <= 0xc2) return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
        at += 2 + bytes.readUInt16BE(at + 2);
    }
    return null;
}

test("an upload larger than other bodies may be comes back whole; a larger one is refused", async () => {
    const client = await login(server, "alice");
    const large = Buffer.alloc(7 * 1024 * 1024);
    for (let i = 0; i < large.length; i += 1024) large.writeUInt32BE(i, i);
    const { content_uri: mxc } = await client.uploadContent(new Blob([large]), { type: "a/b" });
    const url = client.mxcUrlToHttp(mxc, undefined, undefined, undefined, false, true, true);
    const back = Buffer.from(await (await reading(client, url)).arrayBuffer());
    assert.ok(back.equals(large));
    await assert.rejects(
        client.uploadContent(new Blob([Buffer.alloc(8 * 1024 * 1024 + 1)]), { type: "a/b" }),
        (e) => e.httpStatus === 413 || e.name === "ConnectionError" || /fetch/.test(e.message),
    );
    await server.kill();
    await server.start();
    const again = Buffer.from(await (await reading(client, url)).arrayBuffer());
    assert.ok(again.equals(large), "after a kill");
});

test("an avatar is seen in presence and in the member event", async () => {
    const mine = await login(server, "alice");
    const other = await login(server, "bob");
    await start(other);
    try {
        const { content_uri: mxc } = await mine.uploadContent(new Blob([png(64, 64)]), { type: "image/png" });
        await mine.setAvatarUrl(mxc);
        const user = await seen(other, alice.id, (u) => u.avatarUrl === mxc);
        assert.equal(user.avatarUrl, mxc);
        // The member event follows the profile in a commit of its own.
        let member;
        do member = await mine.getStateEvent(room, "m.room.member", alice.id);
        while (member.avatar_url !== mxc);
        const icon = await reading(other, other.mxcUrlToHttp(mxc, 32, 32, "crop", false, true, true));
        assert.equal(icon.status, 200);
    } finally {
        other.stopClient();
    }
});

// Each tries to tell the site that it runs.
const attacks = [
    ["text/html", "html"], ["image/svg+xml", "svg"], ["application/xhtml+xml", "xhtml"],
    ["text/xml", "xhtml"], ["image/png", "html"], ["text/plain", "html"], ["", "html"],
    ["text/html; charset=utf-7", "html"], ["application/octet-stream", "html"],
];

function attack(kind, mark) {
    const run = `new Image().src="http://127.0.0.1:${site.address().port}/${mark}";document.title="ran"`;
    if (kind === "svg") {
        return `<svg xmlns="http://www.w3.org/2000/svg"><script>${run}</script></svg>`;
    }
    const page = `<head><title>x</title><script>${run}</script></head><body onload='${run}'></body>`;
    return kind === "html" ? `<!doctype html><html>${page}</html>`
        : `<html xmlns="http://www.w3.org/1999/xhtml">${page.replaceAll("&", "&amp;")}</html>`;
}

test("an uploaded script does not run, however it is opened", async () => {
    const client = await login(server, "alice");
    const page = await browser.newPage();
    for (const [at, [type, kind]] of attacks.entries()) {
        const body = new Blob([attack(kind, `ran-${at}`)]);
        const { content_uri: mxc } = await client.uploadContent(body, { type, name: "a.html" });
        const url = client.mxcUrlToHttp(mxc, undefined, undefined, undefined, false, true, false);
        const head = await fetch(url);
        assert.equal(head.status, 200);
        assert.match(head.headers.get("content-security-policy"), /^sandbox; default-src 'none'/);
        assert.equal(head.headers.get("x-content-type-options"), "nosniff");
        // As a page: it is shown as text, or comes as a download, which Playwright says as an error.
        await page.goto(url).catch((e) => assert.match(e.message, /Download is starting|ERR_ABORTED/));
        assert.notEqual(await page.title(), "ran");
        // In a frame of another site.
        await page.goto(`http://127.0.0.1:${site.address().port}/frame`);
        await page.evaluate((src) => new Promise((resolve) => {
            const frame = document.createElement("iframe");
            frame.onload = frame.onerror = resolve;
            frame.src = src;
            document.body.append(frame);
            // A download never loads; a second download behind it has gone the whole way.
            fetch(src).then((r) => r.text()).then(resolve);
        }), url);
    }
    // Even if a browser showed what it is told to keep as a file, the policy stops it.
    const without = async (url, names) => {
        await page.route(url, async (route) => {
            const response = await route.fetch();
            const headers = response.headers();
            for (const name of names) delete headers[name];
            await route.fulfill({ response, headers });
        });
        await page.goto(url);
        const title = await page.title();
        await page.unroute(url);
        return title;
    };
    for (const [type, kind] of attacks.slice(0, 3)) {
        const body = new Blob([attack(kind, "ran-shown")]);
        const { content_uri: mxc } = await client.uploadContent(body, { type });
        const url = client.mxcUrlToHttp(mxc, undefined, undefined, undefined, false, true, false);
        assert.notEqual(await without(url, ["content-disposition"]), "ran");
    }
    assert.deepEqual(beacons.filter((b) => b.startsWith("/ran")), []);
    // Without both it runs, and this test sees it: it can fail. So do signals to the site arrive.
    const body = new Blob([attack("html", "control")]);
    const { content_uri: mxc } = await client.uploadContent(body, { type: "text/html" });
    const url = client.mxcUrlToHttp(mxc, undefined, undefined, undefined, false, true, false);
    assert.equal(await without(url, ["content-disposition", "content-security-policy"]), "ran");
    const port = site.address().port;
    await page.goto(`http://127.0.0.1:${port}/frame`);
    await page.setContent(`<script>new Image().src="http://127.0.0.1:${port}/arrived"</script>`);
    while (!beacons.includes("/arrived")) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(beacons.filter((b) => b.startsWith("/ran")), []);
    await page.close();
});
