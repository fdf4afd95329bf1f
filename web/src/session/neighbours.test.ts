import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Neighbours } from "./neighbours";
import type { Session } from "./session.svelte";

// A server that shows those in `visible`, and what the page knows.
function world(visible: string[], known: Record<string, string>) {
    const asked: string[][] = [];
    const forgotten: string[] = [];
    const received: unknown[] = [];
    let down = false;
    const session = {
        userId: "@me:x",
        request: async (_method: string, path: string, body?: { user_ids: string[] }) => {
            if (down) {
                throw new TypeError("no network");
            }
            if (path.endsWith("/joined_members")) {
                return {
                    joined: { "@a:x": { display_name: "Ada", avatar_url: null }, "@b:x": {} },
                };
            }
            asked.push(body!.user_ids);
            return Object.fromEntries(
                body!.user_ids
                    .filter((id) => visible.includes(id))
                    .map((id) => [id, { presence: "offline" }]),
            );
        },
        people: {
            latest: (id: string) => (known[id] ? { state: known[id] } : undefined),
            forget: (id: string) => forgotten.push(id),
            receive: (...all: unknown[]) => received.push(all),
        },
    } as unknown as Session;
    const gone: string[] = [];
    const neighbours = new Neighbours(session, (id) => gone.push(id));
    return { neighbours, asked, forgotten, received, gone, setDown: (d: boolean) => (down = d) };
}

const offline = { presence: "offline" };

describe("somebody who goes offline without a text", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("is forgotten when they can't be seen any more", async () => {
        const w = world(["@b:x"], { "@a:x": "offline", "@b:x": "offline" });
        w.neighbours.heard("@a:x", offline);
        w.neighbours.heard("@b:x", offline);
        await vi.runAllTimersAsync();
        expect(w.asked).toEqual([["@a:x", "@b:x"]]);
        expect(w.forgotten).toEqual(["@a:x"]);
        expect(w.gone).toEqual(["@a:x"]);
    });
    it("stays when they are back before the answer", async () => {
        const w = world([], { "@a:x": "online" });
        w.neighbours.heard("@a:x", offline);
        await vi.runAllTimersAsync();
        expect(w.forgotten).toEqual([]);
    });
    it("is asked for again when the server did not answer", async () => {
        const w = world([], { "@a:x": "offline" });
        w.setDown(true);
        w.neighbours.heard("@a:x", offline);
        await vi.runAllTimersAsync();
        expect(w.forgotten).toEqual([]);
        w.setDown(false);
        w.neighbours.retry();
        await vi.runAllTimersAsync();
        expect(w.forgotten).toEqual(["@a:x"]);
    });
    it("is not asked for when there is a text, a light, or it is oneself", async () => {
        const w = world([], {});
        w.neighbours.heard("@a:x", { presence: "offline", status_msg: "gone fishing" });
        w.neighbours.heard("@a:x", { presence: "online" });
        w.neighbours.heard("@me:x", offline);
        await vi.runAllTimersAsync();
        expect(w.asked).toEqual([]);
    });
});

it("members of rooms whom the polls left out come with their names, if they may be seen", async () => {
    const w = world(["@a:x"], {});
    await w.neighbours.readMembers(["!r:x"]);
    expect(w.received).toEqual([
        ["@a:x", { presence: "offline", displayname: "Ada", avatar_url: null }],
    ]);
});
