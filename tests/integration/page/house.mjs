// The real server, which serves the page, and a real browser: people who each have a browser of their own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { Server } from "../js/server.mjs";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const desk = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

// What the browser says by itself of answers that belong to the story.
const expected = [/\/register .*status of 401/]; // how one learns the ways to register

export class House {
    constructor(settings = []) {
        this.server = new Server(settings);
        this.complaints = [];
        this.down = false; // the server is, on purpose
    }

    async start() {
        await this.server.start();
        this.browser = await chromium.launch({
            executablePath: "/usr/bin/chromium",
            args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"],
        });
        return this;
    }

    // A browser with storage of its own.
    async context(options = {}) {
        const context = await this.browser.newContext({
            viewport: desk, reducedMotion: "reduce", colorScheme: "dark", locale: "en-GB",
            timezoneId: "Europe/Berlin", ...options,
        });
        context.setDefaultTimeout(15_000);
        context.on("page", (page) => this.watch(page));
        return context;
    }

    // Whatever the browser complains of is a fault: errors of scripts, and all that the content
    // security policy forbids.
    watch(page) {
        page.on("pageerror", (error) => this.complaints.push(`${error.stack ?? error}`));
        page.on("console", (message) => {
            if (!["error", "warning"].includes(message.type())) return;
            const line = `${message.location().url} ${message.text()}`;
            if (this.down && /net::ERR_/.test(line)) return;
            if (!expected.some((known) => known.test(line))) this.complaints.push(line);
        });
    }

    async open(context, path = "/") {
        const page = await context.newPage();
        await page.goto(this.server.url + path);
        return page;
    }

    // A page that is logged in as somebody whom the API made: as if they had logged in before.
    async openAs(user, context, path = "/") {
        await context.addInitScript(([url, login]) => {
            if (location.origin === url && !localStorage.getItem("porchlight.login")) {
                localStorage.setItem("porchlight.login", login);
            }
        }, [this.server.url, JSON.stringify({
            userId: user.id, deviceId: user.device, accessToken: user.token,
        })]);
        const page = await this.open(context, path);
        await page.getByRole("navigation", { name: "Views" }).waitFor();
        return page;
    }

    // Fails when axe-core finds something serious, in either theme.
    async accessible(page, what) {
        // A tab behind another one draws nothing, so its colours stay as they were.
        await page.bringToFront();
        for (const colorScheme of ["dark", "light"]) {
            await page.emulateMedia({ colorScheme });
            await settled(page);
            await page.evaluate(axe);
            const found = await page.evaluate(async () => {
                const { violations } = await globalThis.axe.run(document, { preload: false });
                return violations
                    .filter((v) => ["serious", "critical"].includes(v.impact))
                    .map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
            });
            assert.deepEqual(found, [], `${what}, ${colorScheme}`);
        }
    }

    async end() {
        await this.browser?.close();
        await this.server.end();
    }
}

// Colours have faded to what they become.
export async function settled(page) {
    await page.evaluate(async () => {
        document.body.getBoundingClientRect();
        await Promise.allSettled(document.getAnimations().map((a) => a.finished));
    });
}

export async function goTo(page, view) {
    await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
}

// Waits until `page` reads out somebody's row so. A row says: name, light, text, activity, list.
export async function reads(page, pattern) {
    await page.getByText(pattern).first().waitFor({ state: "attached" });
}

// Waits until nothing on the page is so.
export async function gone(page, pattern) {
    await page.getByText(pattern).first().waitFor({ state: "detached" });
}

export async function choose(page, light) {
    await page.getByRole("group", { name: "Your light" }).getByRole("button", { name: light, exact: true }).click();
}

// Asks again until it is so; the assertion's own error when it does not become so.
export async function until(check, limit = 15_000) {
    const end = Date.now() + limit;
    for (;;) {
        try {
            return await check();
        } catch (error) {
            if (Date.now() > end) throw error;
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }
}
