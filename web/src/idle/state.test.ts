import { describe, expect, it } from "vitest";
import {
    type Known, firstKnown, idleIn, isIdle, joined, pollStateOf, readKnown, settled, stateOf,
    withInput, withMinutes,
} from "./state";

const minute = 60_000;
const at = (k: Known, now: number) => stateOf("online", settled(k, now));

describe("after the timeout", () => {
    it("nobody is there, and one input is enough", () => {
        let k = withInput(firstKnown(0), 0);
        expect(at(k, 3 * minute - 1)).toBe("online");
        k = settled(k, 3 * minute);
        expect(isIdle(k)).toBe(true);
        expect(idleIn(k, 3 * minute)).toBeUndefined();
        expect(isIdle(withInput(k, 10 * minute))).toBe(false);
    });
    it("comes back to what was asked", () => {
        const k = settled(withInput(firstKnown(0), 0), 4 * minute);
        expect(stateOf("free_for_chat", k)).toBe("unavailable");
        expect(stateOf("free_for_chat", withInput(k, 5 * minute))).toBe("free_for_chat");
    });
    it.each(["unavailable", "busy", "offline", "hidden"] as const)("%s stays", (asked) => {
        const k = settled(withInput(firstKnown(0), 0), 60 * minute);
        expect(stateOf(asked, k)).toBe(asked);
        expect(stateOf(asked, withInput(k, 61 * minute))).toBe(asked);
    });
    it("polls of the hidden say what the device is", () => {
        const k = withInput(firstKnown(0), 0);
        expect(pollStateOf("hidden", k)).toBe("online");
        expect(pollStateOf("hidden", settled(k, 3 * minute))).toBe("unavailable");
        expect(pollStateOf("busy", settled(k, 3 * minute))).toBe("busy");
    });
    it("is 1 to 5 minutes", () => {
        const k = withMinutes(withInput(firstKnown(0), 0), 1, 0);
        expect(at(k, minute)).toBe("unavailable");
        expect(withMinutes(k, 0, 0).minutes).toBe(1);
        expect(withMinutes(k, 99, 0).minutes).toBe(5);
    });
});

describe("the clock", () => {
    it("set back an hour makes nobody idle for an hour, and nobody leave at once", () => {
        const k = settled(withInput(firstKnown(0), 60 * minute), minute);
        expect(isIdle(k)).toBe(false);
        expect(at(k, 4 * minute - 1)).toBe("online");
        expect(at(k, 4 * minute)).toBe("unavailable");
    });
    it("set back while idle wakes nobody, and input still does", () => {
        let k = settled(withInput(firstKnown(0), 60 * minute), 70 * minute);
        k = settled(k, minute);
        expect(isIdle(k)).toBe(true);
        expect(isIdle(withInput(k, minute))).toBe(false);
        expect(at(withInput(k, minute), 4 * minute)).toBe("unavailable");
    });
});

describe("what is read from the storage", () => {
    it("is taken as it was written", () => {
        const k = withMinutes(withInput(firstKnown(5), 6), 2, 7);
        expect(readKnown(JSON.parse(JSON.stringify(k)))).toEqual(k);
    });
    it("is nothing when it is something else", () => {
        for (const bad of [null, 1, {}, { ...firstKnown(0), at: "soon" }, { ...firstKnown(0), input: null }]) {
            expect(readKnown(bad)).toBeUndefined();
        }
        expect(readKnown({ ...firstKnown(0), minutes: 90 })?.minutes).toBe(5);
    });
});

describe("joining what tabs know", () => {
    // All that two tabs do and hear in some minutes, in all ways.
    function histories(): Known[] {
        const start = withInput(firstKnown(0), 0);
        const found: Known[] = [start];
        for (const from of [start, settled(start, 3 * minute)]) {
            found.push(settled(from, 3 * minute));
            found.push(withInput(from, 3 * minute));
            found.push(withMinutes(from, 1, 3 * minute + 1));
            found.push(withMinutes(from, 2, 3 * minute + 1));
            found.push(withInput(settled(withInput(from, 4 * minute), 9 * minute), minute));
        }
        return found;
    }

    it("gives the same in each order, and twice is once", () => {
        const all = histories();
        for (const a of all) {
            expect(joined(a, a)).toEqual(a);
            for (const b of all) {
                expect(joined(a, b)).toEqual(joined(b, a));
                expect(joined(joined(a, b), b)).toEqual(joined(a, b));
                for (const c of all) {
                    expect(joined(joined(a, b), c)).toEqual(joined(a, joined(b, c)));
                }
            }
        }
    });
    it("an idle tab never overrides an active one", () => {
        const start = withInput(firstKnown(0), 0);
        const idle = settled(start, 3 * minute);
        const active = withInput(start, 2 * minute);
        expect(isIdle(joined(idle, active))).toBe(false);
        expect(isIdle(joined(active, idle))).toBe(false);
    });
    it("the later input is the one with the higher stamp, also when the clock was set back between", () => {
        const idle = settled(withInput(firstKnown(0), 60 * minute), 64 * minute);
        const after = withInput(idle, 2 * minute);
        expect(at(joined(idle, after), 3 * minute)).toBe("online");
        expect(joined(idle, after).at).toBe(2 * minute);
    });
    it("an input told late is not an input now", () => {
        const start = settled(withInput(firstKnown(0), 0), 3 * minute);
        const late = withInput(withInput(firstKnown(0), 0), 2 * minute);
        expect(at(joined(start, late), 60 * minute)).toBe("unavailable");
    });
});
