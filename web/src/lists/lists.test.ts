import { describe, expect, it } from "vitest";
import { RequestError } from "../session/errors";
import type { Session } from "../session/session.svelte";
import { Lists } from "./lists.svelte";

// A server of which each read waits until it is let go.
function world() {
    const calls: string[] = [];
    const waiting: (() => void)[] = [];
    const server = { list: [] as unknown[], refuses: false };
    const session = {
        userId: "@me:x",
        request: async (method: string, path: string) => {
            calls.push(`${method} ${path.split("/").slice(-2)[0]}`);
            if (method !== "GET") {
                if (server.refuses) {
                    throw new RequestError(
                        403,
                        "M_RESOURCE_LIMIT_EXCEEDED",
                        "A list may have 10,000 users.",
                    );
                }
                return {};
            }
            const answer = path.includes("/list/")
                ? server.list
                : path.includes("invites")
                  ? {}
                  : { visibility: "everyone" };
            await new Promise<void>((go) => waiting.push(go));
            return answer;
        },
        people: { receive: () => {} },
    } as unknown as Session;
    const lists = new Lists(session);
    const settle = async () => {
        for (let i = 0; i < 20; i++) {
            waiting.splice(0).forEach((go) => go());
            await Promise.resolve();
        }
    };
    const reads = () => calls.filter((c) => c === "GET list").length;
    return { lists, server, settle, reads, calls };
}

const entry = (user_id: string, accepted: boolean) => ({ user_id, accepted, content: {} });

describe("the lists", () => {
    it("are read once more, not at once, by who asks during a read", async () => {
        const w = world();
        const first = w.lists.refresh();
        void w.lists.refresh();
        void w.lists.refresh();
        expect(w.reads()).toBe(1);
        w.server.list = [entry("@a:x", true)];
        await w.settle();
        await first;
        expect(w.reads()).toBe(2);
        expect(w.lists.entries).toEqual([{ userId: "@a:x", accepted: true }]);
        w.lists.stop();
    });
    it("are read when the server's message to this device says so, and at no other", async () => {
        const w = world();
        w.lists.heard("m.room_key");
        expect(w.reads()).toBe(0);
        w.lists.heard("m.presence_invite");
        expect(w.reads()).toBe(1);
        await w.settle();
        w.lists.heard("m.presence_accept");
        expect(w.reads()).toBe(2);
        await w.settle();
        w.lists.stop();
    });
    it("are read when somebody appears who had not answered", async () => {
        const w = world();
        w.server.list = [entry("@a:x", false), entry("@b:x", true)];
        void w.lists.refresh();
        await w.settle();
        w.lists.appeared("@b:x");
        w.lists.appeared("@c:x");
        expect(w.reads()).toBe(1);
        w.lists.appeared("@a:x");
        expect(w.reads()).toBe(2);
        await w.settle();
        w.lists.stop();
    });
    it("keep what they were when the server refuses, with its sentence", async () => {
        const w = world();
        w.server.refuses = true;
        await expect(w.lists.ask("@a:x")).rejects.toThrow("10,000 users");
        expect(w.reads()).toBe(0);
        w.lists.stop();
    });
});
