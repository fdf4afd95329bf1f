import { describe, expect, it } from "vitest";
import { entriesOf, type Entry, type Fact, lastLine, unreadable } from "./entries";

const noon = new Date(2026, 10, 26, 12).getTime();
const bob = "@bob:porch.test";
let ids = 0;

function fact(type: string, content: Record<string, unknown>, more: Partial<Fact> = {}): Fact {
    return { id: `$${ids++}`, type, sender: bob, name: "Bob", ts: noon, content, redacted: false, ...more };
}
const said = (body: string, more: Partial<Fact> = {}) =>
    fact("m.room.message", { msgtype: "m.text", body }, more);
const member = (membership: string, before: string | undefined, more: Partial<Fact> = {}) =>
    fact("m.room.member", { membership }, {
        stateKey: bob, targetName: "Bob", before: before ? { membership: before } : undefined, ...more,
    });
const shown = (...facts: Fact[]): string[] =>
    entriesOf(facts).flatMap((e: Entry) => (e.kind === "day" ? [] : e.kind === "note" ? [e.text] : [e.body]));

describe("a conversation", () => {
    it("shows what was said, with a line where a day begins", () => {
        const entries = entriesOf([said("late"), said("early", { ts: noon + 13 * 3_600_000 })]);
        expect(entries.map((e) => e.kind)).toEqual(["day", "message", "day", "message"]);
    });
    it("names who speaks once for what is said in one go", () => {
        const entries = entriesOf([
            said("a"),
            said("b", { ts: noon + 60_000 }),
            said("c", { ts: noon + 10 * 60_000 }),
            said("d", { sender: "@eve:porch.test", name: "Eve", ts: noon + 10 * 60_000 }),
        ]);
        expect(entries.flatMap((e) => (e.kind === "message" ? [e.first] : []))).toEqual([
            true, false, true, true,
        ]);
    });
    it("says what it cannot show", () => {
        expect(
            shown(
                fact("m.room.encrypted", { algorithm: "m.megolm.v1.aes-sha2" }),
                said("oops", { redacted: true }),
                fact("m.room.message", { msgtype: "m.image", body: "cat.png" }),
                fact("m.room.message", { msgtype: "m.text", body: 7 }),
            ),
        ).toEqual([unreadable, "This message was removed.", "Sent a picture: cat.png", "An empty message."]);
    });
    it("leaves out edits, reactions and what is not known", () => {
        expect(
            shown(
                said("* better", { content: { body: "* better", "m.relates_to": { rel_type: "m.replace" } } }),
                fact("m.reaction", {}),
                fact("org.example.thing", { body: "x" }),
            ),
        ).toEqual([]);
    });
    it("tells who comes and goes", () => {
        const eve = { sender: "@eve:porch.test", name: "Eve" };
        expect(
            shown(
                member("join", undefined),
                member("invite", undefined, eve),
                member("leave", "invite"),
                member("leave", "invite", eve),
                member("leave", "join"),
                member("leave", "join", eve),
                member("ban", "join", eve),
                member("leave", "ban", eve),
                member("join", "join"),
            ),
        ).toEqual([
            "Bob came in", "Eve invited Bob", "Bob declined the invitation",
            "Eve took back the invitation of Bob", "Bob left", "Eve removed Bob", "Eve banned Bob",
            "Eve lifted the ban of Bob",
        ]);
    });
    it("tells of another name, not of another picture", () => {
        const change = (content: object, before: object) =>
            shown(fact("m.room.member", { membership: "join", ...content }, {
                stateKey: bob, targetName: "Bob", before: { membership: "join", ...before },
            }));
        expect(change({ displayname: "Bobby" }, { displayname: "Bob" })).toEqual(["Bob is now called Bobby"]);
        expect(change({ displayname: "Bob", avatar_url: "mxc://a/b" }, { displayname: "Bob" })).toEqual([]);
    });
});

describe("the line in the list of rooms", () => {
    const line = (...facts: Fact[]) => lastLine(entriesOf(facts), "@me:porch.test")?.text;
    it("is the last that was said, also when somebody came after it", () => {
        expect(line(said("hello\n there"), member("join", undefined))).toBe("Bob: hello there");
    });
    it("says You of oneself", () => {
        expect(line(said("hello", { sender: "@me:porch.test" }))).toBe("You: hello");
    });
    it("is what happened where nothing was said, and nothing in an empty room", () => {
        expect(line(member("join", undefined))).toBe("Bob came in");
        expect(line()).toBeUndefined();
    });
});
