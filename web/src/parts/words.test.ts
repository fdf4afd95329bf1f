import { describe, expect, it } from "vitest";
import { activeWords, agoWords, pointWords } from "./time_words";
import { doorColour, initials, isUserId, nameOf } from "./words";

const now = new Date(2026, 10, 26, 15, 0).getTime();
const minute = 60_000;

describe("how long ago", () => {
    it.each([
        [0, "just now"],
        [minute - 1, "just now"],
        [minute, "1 min ago"],
        [4 * minute - 1, "3 min ago"],
        [60 * minute, "1 h ago"],
        [24 * 60 * minute - 1, "23 h ago"],
        [24 * 60 * minute, "1 day ago"],
        [13 * 24 * 60 * minute, "13 days ago"],
        [14 * 24 * 60 * minute, "on 12 Nov 2026"],
        [-5 * minute, "just now"], // clocks differ
    ])("%i ms is %s", (ago, words) => {
        expect(agoWords(now - ago, now).short).toBe(words);
    });
    it("is read out in full", () => {
        expect(agoWords(now - minute, now).long).toBe("1 minute ago");
        expect(agoWords(now - 3 * 60 * minute, now).long).toBe("3 hours ago");
    });
    it("is now for who is active, and nothing for who was never seen", () => {
        expect(
            activeWords({ currentlyActive: true, lastActiveTs: now - 9 * minute }, now).short,
        ).toBe("active now");
        expect(activeWords({ currentlyActive: false }, now).short).toBe("");
    });
});

it("a point in time is said as shortly as it is clear", () => {
    expect(pointWords(now + 30 * minute, now)).toBe("15:30");
    expect(pointWords(now + 18 * 60 * minute, now)).toBe("tomorrow 09:00");
    expect(pointWords(new Date(2027, 0, 3, 9, 5).getTime(), now)).toBe("3 Jan 2027, 09:05");
});

describe("somebody without a picture", () => {
    it("has one or two letters", () => {
        expect(initials("Ada Lovelace")).toBe("AL");
        expect(initials("kofi")).toBe("K");
        expect(initials("Дмитрий Иванов")).toBe("ДИ");
        expect(initials("  ✨ ")).toBe("?");
    });
    it("has a door in one of eight colours, and all are used", () => {
        const colours = Array.from({ length: 200 }, (_, i) => doorColour(`@user${i}:porch.test`));
        expect(new Set(colours).size).toBe(8);
        expect(colours.every((c) => c >= 0 && c < 8)).toBe(true);
    });
    it("and without a name is called as their id begins", () => {
        expect(nameOf("@bob:porch.test", "  ")).toBe("bob");
        expect(nameOf("@bob:porch.test", "Bob")).toBe("Bob");
    });
});

it("a user id is told from a name", () => {
    expect(isUserId("@bob:porch.test")).toBe(true);
    expect(isUserId("@bob:127.0.0.1:8448")).toBe(true);
    for (const text of [
        "bob",
        "@bob",
        "bob:porch.test",
        "@bob:",
        "@b b:porch.test",
        `@${"b".repeat(260)}:x`,
    ]) {
        expect(isUserId(text)).toBe(false);
    }
});
