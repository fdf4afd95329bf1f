// A server on which a thousand people are visible to one: the page holds only the rows in sight.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gone, House, reads, until } from "./house.mjs";

const count = 1000;
const house = new House();
const people = [];
let room;
let page;

const api = "/_matrix/client/v3";

async function inTurns(items, work) {
    const waiting = [...items];
    const worker = async () => {
        for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    };
    await Promise.all(Array.from({ length: 8 }, worker));
}

before(async () => {
    await house.start();
    const { server } = house;
    const alice = await server.register("alice");
    room = await server.room(alice);
    await inTurns(Array.from({ length: count }, (_, i) => `p${String(i).padStart(4, "0")}`), async (name) => {
        const person = await server.register(name);
        await server.request("POST", `${api}/join/${encodeURIComponent(room)}`, { token: person.token, body: {} });
        await server.setStatus(person, "online");
        people.push(person);
    });
    people.sort((a, b) => (a.id < b.id ? -1 : 1));
    page = await house.openAs(alice, await house.context());
    await reads(page, /^1000 lights are on, of 1000 doors$/);
});
after(() => house.end());

const rows = () => page.getByRole("main").getByRole("listitem");

test("of a thousand people only those in sight are in the document", async () => {
    await reads(page, /^p0000, home/);
    const shown = await rows().count();
    assert.ok(shown > 5 && shown < 40, `${shown} rows`);
    assert.equal(await rows().nth(1).getAttribute("aria-setsize"), "1000");
});

test("who flips is shown, and their place is another", async () => {
    await house.server.setStatus(people[2], "free_for_chat", "come over");
    await reads(page, /^p0002, free for chat, come over/);
    await until(async () => {
        const first = await rows().nth(1).textContent();
        assert.match(first, /p0002/);
    });
});

test("a hundred who flip at once end as they are", async () => {
    await inTurns(people.slice(3, 103), async (person) => {
        await house.server.setStatus(person, "unavailable");
        await house.server.setStatus(person, "busy");
    });
    await until(async () => {
        const groups = await page.getByRole("main").getByRole("heading").allTextContents();
        assert.ok(groups.some((text) => /Home\s*899/.test(text)), groups.join(" | "));
    });
    // They stand below all who are home; found by name, two of them and the first who did not flip.
    const find = page.getByRole("searchbox", { name: "Find somebody" });
    await find.fill("p010");
    for (const pattern of [/^p0101, busy/, /^p0102, busy/, /^p0103, home/]) await reads(page, pattern);
    await find.fill("");
    await reads(page, /^p0000, home/);
});

test("the keys lead to the last row, and the focus stays when others flip", async () => {
    await rows().nth(1).focus();
    await page.keyboard.press("End");
    const last = page.locator("[role=listitem]:focus");
    await last.filter({ hasText: "p0102" }).waitFor();
    await house.server.setStatus(people[500], "unavailable");
    await house.server.setStatus(people[101], "free_for_chat");
    await gone(page, /^p0101, busy/);
    await until(async () => assert.match(await last.textContent(), /p0102/));
    const shown = await rows().count();
    assert.ok(shown < 60, `${shown} rows`);
});

test("somebody is found by name", async () => {
    await page.getByRole("searchbox", { name: "Find somebody" }).fill("p0777");
    await reads(page, /^p0777, home/);
    assert.ok((await rows().count()) <= 3);
});

test("the browser complained of nothing", () => assert.deepEqual(house.complaints, []));
