import { describe, expect, it } from "vitest";
import {
    type Known, first_known, idle_in, is_idle, joined, poll_state_of, read_known, settled, state_of,
    with_choice, with_input, with_minutes,
} from "./state";

const minute = 60_000;
const at = (k: Known, now: number) => state_of(settled(k, now));

describe("after the timeout", () => {
    it("nobody is there, and one input is enough", () => {
        let k = with_input(first_known(0), 0);
        expect(at(k, 3 * minute - 1)).toBe("online");
        k = settled(k, 3 * minute);
        expect(state_of(k)).toBe("unavailable");
        expect(idle_in(k, 3 * minute)).toBeUndefined();
        expect(state_of(with_input(k, 10 * minute))).toBe("online");
    });
    it("comes back to what was asked", () => {
        let k = settled(with_choice(first_known(0), "free_for_chat", 0), 4 * minute);
        expect(state_of(k)).toBe("unavailable");
        k = with_input(k, 5 * minute);
        expect(state_of(k)).toBe("free_for_chat");
    });
    it.each(["unavailable", "busy", "offline", "hidden"] as const)("%s stays", (asked) => {
        const k = settled(with_choice(first_known(0), asked, 0), 60 * minute);
        expect(state_of(k)).toBe(asked);
        expect(state_of(with_input(k, 61 * minute))).toBe(asked);
    });
    it("polls of the hidden say what the device is", () => {
        const k = with_choice(first_known(0), "hidden", 0);
        expect(poll_state_of(k)).toBe("online");
        expect(poll_state_of(settled(k, 3 * minute))).toBe("unavailable");
    });
    it("is 1 to 5 minutes", () => {
        const k = with_minutes(with_input(first_known(0), 0), 1, 0);
        expect(at(k, minute)).toBe("unavailable");
        expect(with_minutes(k, 0, 0).minutes).toBe(1);
        expect(with_minutes(k, 99, 0).minutes).toBe(5);
    });
});

describe("the clock", () => {
    it("set back an hour makes nobody idle for an hour, and nobody leave at once", () => {
        const k = settled(with_input(first_known(0), 60 * minute), minute);
        expect(state_of(k)).toBe("online");
        expect(at(k, 4 * minute - 1)).toBe("online");
        expect(at(k, 4 * minute)).toBe("unavailable");
    });
    it("set back while idle wakes nobody, and input still does", () => {
        let k = settled(with_input(first_known(0), 60 * minute), 70 * minute);
        k = settled(k, minute);
        expect(state_of(k)).toBe("unavailable");
        expect(state_of(with_input(k, minute))).toBe("online");
        expect(at(with_input(k, minute), 4 * minute)).toBe("unavailable");
    });
});

describe("what is read from the storage", () => {
    it("is taken as it was written", () => {
        const k = with_choice(first_known(5), "busy", 7);
        expect(read_known(JSON.parse(JSON.stringify(k)))).toEqual(k);
    });
    it("is nothing when it is something else", () => {
        for (const bad of [null, 1, {}, { ...first_known(0), asked: "away" },
            { ...first_known(0), at: "soon" }, { ...first_known(0), input: null }]) {
            expect(read_known(bad)).toBeUndefined();
        }
        expect(read_known({ ...first_known(0), minutes: 90 })?.minutes).toBe(5);
    });
});

describe("joining what tabs know", () => {
    // All that two tabs do and hear in some minutes, in all ways.
    function histories(): Known[] {
        const start = with_input(first_known(0), 0);
        const found: Known[] = [start];
        for (const from of [start, settled(start, 3 * minute)]) {
            found.push(settled(from, 3 * minute));
            found.push(with_input(from, 3 * minute));
            found.push(with_choice(from, "free_for_chat", 3 * minute + 5));
            found.push(with_choice(from, "busy", 3 * minute + 5));
            found.push(with_minutes(from, 1, 3 * minute + 1));
            found.push(with_input(settled(with_input(from, 4 * minute), 9 * minute), minute));
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
        const start = with_input(first_known(0), 0);
        const idle = settled(start, 3 * minute);
        const active = with_input(start, 2 * minute);
        expect(is_idle(joined(idle, active))).toBe(false);
        expect(is_idle(joined(active, idle))).toBe(false);
    });
    it("an input told late is not an input now", () => {
        const start = settled(with_input(first_known(0), 0), 3 * minute);
        const late = with_input(with_input(first_known(0), 0), 2 * minute);
        expect(at(joined(start, late), 60 * minute)).toBe("unavailable");
    });
});
