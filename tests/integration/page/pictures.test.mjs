// What the page looks like: twelve people, two sizes, two themes, against pictures that were looked at.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PNG } from "pngjs";
import { desk, goTo, House, phone, reads } from "./house.mjs";
import { allowance, differingPixels, looksLike, pixelsMax } from "./pictures.mjs";

const house = new House();
const api = "/_matrix/client/v3";
let alice;

const neighbours = [
    ["bob", "Bob Sawyer", "free_for_chat", "tea is ready"],
    ["carol", "Carol Jones", "online", "on the porch"],
    ["dave", "Dave", "online", ""],
    ["erin", "Erin O'Brien", "online", "reading; a long text that does not fit into one line on a phone, nor should it"],
    ["frank", "Frank N. Furter", "busy", "in a meeting until four"],
    ["grace", "Grace Hopper", "unavailable", "debugging"],
    ["heidi", "Heidi", "unavailable", ""],
    ["ivan", "Иван Петров", "online", "дома"],
    ["judy", "Judy", "offline", "gone fishing"],
    ["mallory", "Mallory", "offline", ""],
    ["niaj", "Niaj", "offline", ""],
    ["olivia", "Olivia", "busy", ""],
];

before(async () => {
    await house.start();
    const { server } = house;
    alice = await server.register("alice");
    const put = (user, path, body) => server.request("PUT", `${api}${path}`, { token: user.token, body });
    await put(alice, `/profile/${alice.id}/displayname`, { displayname: "Alice Liddell" });
    const porch = await server.room(alice);
    const porchPath = `/rooms/${encodeURIComponent(porch)}`;
    await put(alice, `${porchPath}/state/m.room.name`, { name: "The porch" });
    const users = new Map();
    for (const [name, displayname, state, text] of neighbours) {
        const user = await server.register(name);
        await put(user, `/profile/${user.id}/displayname`, { displayname });
        await server.request("POST", `${api}/join/${encodeURIComponent(porch)}`, { token: user.token, body: {} });
        await server.setStatus(user, state, text);
        users.set(name, user);
    }
    // What was said last is what the page shows first.
    for (const [name, body] of [
        ["bob", "Good evening!"], ["bob", "The kettle is on."], ["carol", "I bring the cake."],
    ]) {
        await put(users.get(name), `${porchPath}/send/m.room.message/${body.length}`, { msgtype: "m.text", body });
    }
    await server.request("POST", `${api}/createRoom`, {
        token: users.get("bob").token,
        body: { name: "Tea in the garden", preset: "private_chat", invite: [alice.id] },
    });
    for (const [name, list] of [["peter", "outgoing"], ["quinn", "incoming"]]) {
        const user = await server.register(name);
        const [from, to] = list === "outgoing" ? [alice, user] : [user, alice];
        await server.request("POST", `${api}/presence/list/${from.id}`, {
            token: from.token, body: { invite: [to.id] },
        });
    }
});
after(() => house.end());

// Two lamps of other states are more than the tolerance, in the smallest size there is.
async function lampsDiffer(members) {
    const drawn = [];
    for (const name of ["Bob Sawyer", "Carol Jones", "Frank N. Furter", "Grace Hopper"]) {
        const lamp = members.getByRole("listitem").filter({ hasText: name }).locator("svg").first();
        drawn.push(PNG.sync.read(await lamp.screenshot({ animations: "disabled" })));
    }
    for (const [i, a] of drawn.entries()) {
        for (const b of drawn.slice(i + 1)) {
            assert.deepEqual([a.width, a.height], [b.width, b.height]);
            assert.ok(differingPixels(a, b) > pixelsMax, `lamp ${i}: ${differingPixels(a, b)} pixels`);
        }
    }
}

for (const [size, viewport] of Object.entries({ desk, phone })) {
    for (const theme of ["dark", "light"]) {
        test(`${size}, ${theme}`, async () => {
            const name = (view) => `${view}-${size}-${theme}`;
            const context = await house.context({ viewport, colorScheme: theme });
            const door = await house.open(context);
            await door.getByRole("button", { name: "Log in" }).waitFor();
            await looksLike(door, name("log-in"));
            await door.close();

            // The clock stands still: nothing ticks from one picture to the next.
            await context.clock.install({ time: Date.now() });
            const page = await house.openAs(alice, context);
            await reads(page, /lights? (is|are) on, of 12 doors$/);
            await reads(page, /^Bob Sawyer, free for chat, tea is ready/);
            await page.getByRole("link", { name: /Lists 1 request/ }).waitFor();
            await looksLike(page, name("people"), [[page.locator(".when"), "active now"]]);
            await goTo(page, "Lists");
            await page.getByRole("button", { name: "Accept quinn" }).waitFor();
            await page.getByRole("button", { name: "Withdraw peter" }).waitFor();
            await looksLike(page, name("lists"), [[page.getByText(/^asked/), "asked, not long ago"]]);
            await goTo(page, "Rooms");
            await page.getByRole("button", { name: /^The porch/ }).click();
            await page.getByRole("log").getByText("I bring the cake.").waitFor();
            await page.getByRole("button", { name: "Members" }).click();
            await page.getByRole("list", { name: "Members" }).getByText("Bob Sawyer").waitFor();
            await looksLike(page, name("rooms"), [[page.locator("time"), "20:15"], [page.locator(".when"), "just now"]]);
            await lampsDiffer(page.getByRole("list", { name: "Members" }));
            await context.close();
        });
    }
}

test("a row that moved is more than the tolerance, also with another Chromium", () => {
    const path = join(import.meta.dirname, "references", "people-phone-dark.png");
    const whole = PNG.sync.read(readFileSync(path));
    const moved = new PNG({ width: whole.width, height: whole.height });
    PNG.bitblt(whole, moved, 0, 0, whole.width, whole.height, 0, 0);
    PNG.bitblt(whole, moved, 0, 500, whole.width, 72, 0, 502);
    assert.ok(differingPixels(whole, moved, undefined) > allowance(whole, "156.0", "156.1"));
    PNG.bitblt(whole, moved, 0, 0, whole.width, whole.height, 0, 0);
    PNG.bitblt(whole, moved, 0, 400, whole.width, 288, 0, 472);
    assert.ok(differingPixels(whole, moved, undefined) > allowance(whole, "157.0", "156.0"));
});

test("the browser complained of nothing", () => assert.deepEqual(house.complaints, []));
