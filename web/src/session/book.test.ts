import { describe, expect, it } from "vitest";
import { Book, personOf } from "./book";

const now = 1_800_000_000_000;
const bob = "@bob:porch.test";
const person = (content: object, at = now) => personOf(bob, content, at)!;

describe("an m.presence event", () => {
    it("gives the activity as a time of this computer", () => {
        expect(
            person({ presence: "online", last_active_ago: 5000, currently_active: true }),
        ).toEqual({
            userId: bob,
            state: "online",
            statusText: undefined,
            lastActiveTs: now - 5000,
            currentlyActive: true,
            displayName: undefined,
            avatar: undefined,
        });
    });
    it("of a state that is not known is not understood", () => {
        expect(personOf(bob, { presence: "asleep" }, now)).toBeUndefined();
        expect(personOf("bob", { presence: "online" }, now)).toBeUndefined();
        expect(personOf(bob, null, now)).toBeUndefined();
    });
    it("may call busy as the proposal did", () => {
        expect(person({ presence: "org.matrix.msc3026.busy" }).state).toBe("busy");
    });
    it("with values of the wrong kind loses those alone", () => {
        const odd = person({ presence: "online", last_active_ago: "1", status_msg: 7 });
        expect(odd.lastActiveTs).toBeUndefined();
        expect(odd.statusText).toBeUndefined();
    });
});

describe("the book", () => {
    it("drops a text that the next event does not have", () => {
        const book = new Book();
        book.put(person({ presence: "online", status_msg: "on the porch" }));
        book.take();
        book.put(person({ presence: "online" }));
        book.take();
        expect(book.people.get(bob)?.statusText).toBeUndefined();
    });
    it("changes once for many flips, and shows the last", () => {
        const book = new Book();
        for (let i = 0; i < 1000; i++) {
            book.put(person({ presence: i % 2 === 0 ? "online" : "unavailable" }));
        }
        const before = book.people;
        expect(book.take()).toBe(true);
        expect(book.people).not.toBe(before);
        expect(book.people.get(bob)?.state).toBe("unavailable");
        expect(book.take()).toBe(false);
    });
    it("takes two copies of one moment as one", () => {
        const book = new Book();
        book.put(person({ presence: "online", last_active_ago: 1000 }));
        book.take();
        expect(book.put(person({ presence: "online", last_active_ago: 1700 }, now + 705))).toBe(
            false,
        );
    });
    it("keeps a name where the source has none, and drops it where it would be there", () => {
        const book = new Book();
        book.put(person({ presence: "online", displayname: "Bob" }));
        book.put(person({ presence: "offline" }), true);
        expect(book.latest(bob)?.displayName).toBe("Bob");
        book.put(person({ presence: "offline" }));
        expect(book.latest(bob)?.displayName).toBeUndefined();
    });
    it("forgets", () => {
        const book = new Book();
        book.put(person({ presence: "online" }));
        book.take();
        expect(book.remove(bob)).toBe(true);
        book.take();
        expect(book.people.size).toBe(0);
        expect(book.remove(bob)).toBe(false);
    });
});
