import { describe, expect, it } from "vitest";
import { groupOf, matches, type Neighbour, Places, rowsOf } from "./order";

const somebody = (
    userId: string,
    light: Neighbour["light"],
    more: Partial<Neighbour> = {},
): Neighbour => ({
    userId,
    light,
    listed: false,
    pending: false,
    ...more,
});

const shape = (rows: ReturnType<typeof rowsOf>) =>
    rows.map((r) => (r.kind === "heading" ? `${r.title} ${r.count}` : r.person.userId));

describe("the order of people", () => {
    it("is by light, brightest first, and who did not answer last", () => {
        const rows = rowsOf([
            somebody("@p:x", "offline", { pending: true }),
            somebody("@d:x", "offline"),
            somebody("@c:x", "unavailable"),
            somebody("@b:x", "online"),
            somebody("@z:x", "busy"),
            somebody("@a:x", "free_for_chat"),
        ]);
        expect(shape(rows)).toEqual([
            ..."Free for chat 1,@a:x,Home 1,@b:x,Busy 1,@z:x,Away 1,@c:x,Not home 1,@d:x".split(
                ",",
            ),
            "Asked, not answered 1",
            "@p:x",
        ]);
    });
    it("has the own list first in each group, then goes by name, ids deciding", () => {
        const rows = rowsOf([
            somebody("@2:x", "online", { displayName: "Émile" }),
            somebody("@1:x", "online", { displayName: "emile" }),
            somebody("@3:x", "online", { displayName: "Zoe", listed: true }),
            somebody("@4:x", "online", { displayName: "Anna" }),
        ]);
        expect(shape(rows)).toEqual(["Home 4", "@3:x", "@4:x", "@1:x", "@2:x"]);
    });
    it("finds by name, id and text in any case", () => {
        const ada = {
            ...somebody("@ada:x", "online", { displayName: "Countess" }),
            statusText: "Engines",
        };
        expect(["ADA", "count", " engines ", ""].every((wanted) => matches(ada, wanted))).toBe(
            true,
        );
        expect(matches(ada, "bob")).toBe(false);
    });
});

describe("somebody's place", () => {
    it("changes only when the light stayed for a moment", () => {
        const places = new Places(900);
        expect(places.place(somebody("@a:x", "online"), 0)).toBe("online");
        expect(places.place(somebody("@a:x", "unavailable"), 1000)).toBe("online");
        expect(places.moving).toBe(true);
        expect(places.place(somebody("@a:x", "unavailable"), 1899)).toBe("online");
        expect(places.place(somebody("@a:x", "unavailable"), 1900)).toBe("unavailable");
        expect(places.moving).toBe(false);
    });
    it("stays for who flickers", () => {
        const places = new Places(900);
        for (let t = 0; t < 10_000; t += 500) {
            const light = (t / 500) % 2 === 0 ? "online" : "unavailable";
            expect(places.place(somebody("@a:x", light), t)).toBe("online");
        }
    });
    it("of somebody who is gone is forgotten, and nobody waits for their move", () => {
        const places = new Places(900);
        places.place(somebody("@a:x", "busy"), 0);
        places.place(somebody("@a:x", "online"), 100);
        places.place(somebody("@b:x", "online"), 100);
        places.keep([somebody("@b:x", "online")]);
        expect(places.moving).toBe(false);
        expect(places.place(somebody("@a:x", "online"), 200)).toBe("online");
    });
    it("stays where it was without a connection", () => {
        const places = new Places(900);
        places.place(somebody("@a:x", "busy"), 0);
        expect(places.standing(somebody("@a:x", "unknown"))).toBe("busy");
        expect(groupOf(somebody("@b:x", "unknown"))).toBe("offline");
    });
});
