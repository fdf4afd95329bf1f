// The operator's view in headless Chromium, served by the real server: the token, charts that
// move with real presence, a user explained, a session ended, a server that is gone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import AxeBuilder from "axe-core";
import { chromium } from "playwright-core";
import { Server } from "../js/server.mjs";

const deadline = { timeout: 30_000 };

// Until `ask` says yes; it is asked again and again, and the end of the deadline is a failure.
async function until(what, ask) {
    const end = Date.now() + deadline.timeout;
    for (;;) {
        const got = await ask();
        if (got) return got;
        assert.ok(Date.now() < end, `not in time: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

describe("the operator's view", () => {
    let server, browser, page, token, alice, bob;
    const faults = [];

    before(async () => {
        server = await new Server(["presence.offline_grace=1h"]).start();
        token = readFileSync(join(server.data, "admin_token"), "utf8").trim();
        alice = await server.register("alice");
        bob = await server.register("bob");
        await server.room(alice, bob);
        browser = await chromium.launch({
            executablePath: "/usr/bin/chromium",
            args: [
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
            ],
        });
        page = await (await browser.newContext()).newPage();
        page.on("pageerror", (e) => faults.push(e.message));
        page.on("console", (m) => {
            if (m.type() === "error" && !m.text().includes("Failed to load resource"))
                faults.push(m.text());
        });
        await page.goto(`${server.url}/admin`);
    });
    after(async () => {
        await browser?.close();
        await server?.end();
    });

    const put = async (who, state, text) => {
        const path = `/_matrix/client/v3/presence/${encodeURIComponent(who.id)}/status`;
        const r = await server.request("PUT", path, {
            token: who.token,
            body: { presence: state, status_msg: text },
        });
        assert.equal(r.status, 200);
    };
    const number = async (curve) => page.locator(`[data-curve="${curve}"]`).innerText();
    // Pixels of a chart that its curve has drawn, by the colour of its swatch.
    const drawn = (title) =>
        page.evaluate((name) => {
            const chart = document.querySelector(`[data-chart="${name}"]`);
            const canvas = chart.querySelector("canvas");
            const wanted = getComputedStyle(chart.querySelector(".curve-1"))
                .backgroundColor.match(/\d+/g)
                .map(Number);
            const all = canvas
                .getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height).data;
            let n = 0;
            for (let i = 0; i < all.length; i += 4) {
                if (all[i + 3] > 200 && wanted.every((c, k) => Math.abs(all[i + k] - c) < 24)) ++n;
            }
            return n;
        }, title);

    test("asks for the token, says when it is wrong, and keeps the right one in this tab", async () => {
        const field = page.getByLabel("Admin token");
        await field.fill("wrong-token");
        await page.getByRole("button", { name: "Open" }).click();
        await page.getByText("This is not the admin token.").waitFor(deadline);
        assert.equal(await page.evaluate(() => sessionStorage.length), 0);
        await field.fill(token);
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "The last ten minutes" }).waitFor(deadline);
        assert.equal(await page.evaluate(() => localStorage.length), 0, "nothing outlives the tab");
        assert.ok(!page.url().includes(token));
        await page.reload();
        await page.getByRole("heading", { name: "The last ten minutes" }).waitFor(deadline);
    });

    test("its numbers and curves move with presence", async () => {
        await until("nobody is online", async () => (await number("online")) === "0");
        const flat = await drawn("Presence changes");
        let on = false;
        await put(alice, "online");
        await until("one user is online", async () => (await number("online")) === "1");
        await until("changes are counted", async () => {
            await put(bob, (on = !on) ? "busy" : "online");
            return parseFloat(await number("updates")) > 0;
        });
        await until(
            "the curve is drawn",
            async () => (await drawn("Presence changes")) > flat + 10,
        );
        assert.match(await number("memory"), /^\d.* MiB$/);
    });

    test("explains a user, without the text", async () => {
        await put(alice, "online", "a private thought");
        await page.getByRole("searchbox").fill("ali");
        await page.getByRole("button", { name: /@alice:porch\.test/ }).click(deadline);
        const sentence = page.getByTestId("sentence");
        await until("the sentence", async () =>
            /is online: device \w+ counts as online without a stream, by its PUT.*Seen by 1: 1 through 1 room/.test(
                await sentence.innerText(),
            ),
        );
        assert.ok(!(await page.content()).includes("a private thought"));
        await page.getByText("1 room counts for presence").click();
        await page.getByText("2 members").waitFor(deadline);
    });

    test("ends a session only after asking", async () => {
        const whoami = async () =>
            (
                await server.request("GET", "/_matrix/client/v3/account/whoami", {
                    token: alice.token,
                })
            ).status;
        const button = page.getByRole("button", { name: `End session of ${alice.device}` });
        await button.click();
        const dialog = page.getByRole("dialog", { name: "End this session?" });
        await dialog.waitFor(deadline);
        assert.equal(await page.evaluate(() => document.activeElement.textContent), "Keep it");
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "hidden", ...deadline });
        assert.equal(await whoami(), 200);
        await button.click();
        await dialog.getByRole("button", { name: "End the session" }).click();
        await page.getByText(`The session of ${alice.device} was ended.`).waitFor(deadline);
        assert.equal(await whoami(), 401);
        await page.getByText("There is no session.").waitFor(deadline);
        await until("offline", async () =>
            (await page.getByTestId("sentence").innerText()).includes("is offline"),
        );
    });

    for (const [scheme, width] of [
        ["light", 1280],
        ["dark", 1280],
        ["light", 390],
        ["dark", 390],
    ]) {
        test(`has no fault that axe finds, ${scheme}, ${width} pixels wide`, async () => {
            await page.emulateMedia({ colorScheme: scheme });
            await page.setViewportSize({ width, height: 900 });
            await page.evaluate(AxeBuilder.source);
            const { violations } = await page.evaluate(() => globalThis.axe.run());
            assert.deepEqual(
                violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`),
                [],
            );
            const wider = await page.evaluate(
                () => document.documentElement.scrollWidth - innerWidth,
            );
            assert.ok(wider <= 0, `${wider} pixels wider than the window`);
        });
    }

    test("says that the server is gone, shows no number as known, and goes on when it is back", async () => {
        await page.setViewportSize({ width: 1280, height: 900 });
        await server.kill();
        await page.getByTestId("lost").waitFor(deadline);
        assert.match(
            await page.getByTestId("lost").innerText(),
            /does not answer\. Last heard at \d\d:\d\d:\d\d/,
        );
        await until(
            "no number is shown as if it were known",
            async () => (await number("online")) === "–",
        );
        assert.notEqual(
            await page.locator(".charts").evaluate((e) => getComputedStyle(e).filter),
            "none",
        );
        await server.start();
        await page.getByTestId("lost").waitFor({ state: "hidden", ...deadline });
        await until("known again", async () => (await number("online")) !== "–");
    });

    test("forgets the token when told to", async () => {
        await page.getByRole("button", { name: "Forget the token" }).click();
        await page.getByLabel("Admin token").waitFor(deadline);
        assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    });

    test("never broke a rule of its content security policy, nor threw", () => {
        assert.deepEqual(faults, []);
    });
});
