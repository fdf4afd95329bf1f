import { describe, expect, it } from "vitest";
import {
    offsetsOf, positionsOf, rowAt, rowByKey, rowsInSight, scrollAfterChange, scrollToRow,
} from "./virtual";

const even = (count: number, height = 10) => offsetsOf(new Array(count).fill(0), () => height);
const indexOf = (keys: string[]) => new Map(keys.map((k, i) => [k, i]));

describe("rows in sight", () => {
    it("are those that the window touches, and a margin", () => {
        expect(rowsInSight(even(100), 205, 50, 2)).toEqual({ first: 18, end: 28 });
    });
    it("end with the list", () => {
        expect(rowsInSight(even(3), 0, 500, 5)).toEqual({ first: 0, end: 3 });
        expect(rowsInSight(even(0), 0, 500, 5)).toEqual({ first: 0, end: 0 });
    });
    it("stay few in a long list", () => {
        const { first, end } = rowsInSight(even(100_000), 500_000, 800, 6);
        expect(end - first).toBeLessThan(100);
        expect(first).toBe(49_994);
    });
    it("know rows of different heights", () => {
        const offsets = offsetsOf([30, 10, 10, 30], (h) => h);
        expect(offsets).toEqual([0, 30, 40, 50, 80]);
        expect([0, 29, 30, 45, 79, 900].map((y) => rowAt(offsets, y))).toEqual([0, 0, 1, 2, 3, 3]);
    });
});

describe("scrolling", () => {
    it("moves as little as shows the row", () => {
        expect(scrollToRow(even(50), 3, 100, 50)).toBe(30);
        expect(scrollToRow(even(50), 12, 100, 50)).toBe(100);
        expect(scrollToRow(even(50), 20, 100, 50)).toBe(160);
    });
    it("keeps what is read in its place when rows come above", () => {
        const keys = ["a", "b", "c", "d"];
        const now = ["x", "y", "a", "b", "c", "d"];
        expect(scrollAfterChange(keys, even(4), indexOf(now), even(6), 25)).toBe(45);
    });
    it("keeps the next row in its place when the first in sight is gone", () => {
        const now = ["a", "c", "d"];
        expect(scrollAfterChange(["a", "b", "c", "d"], even(4), indexOf(now), even(3), 12)).toBe(2);
    });
    it("stays at the top", () => {
        expect(scrollAfterChange(["a"], even(1), indexOf(["x", "a"]), even(2), 0)).toBe(0);
    });
    it("is never beyond the end of what is left", () => {
        expect(scrollAfterChange(["a", "b"], even(2), indexOf(["z"]), even(1), 15)).toBe(10);
    });
});

describe("places in a group", () => {
    const heading = (s: string) => s.startsWith("#");
    const items = ["#one", "a", "b", "#two", "c"];

    it("count rows, not headings", () => {
        expect(positionsOf(items, heading)).toEqual([
            undefined, { index: 1, size: 2 }, { index: 2, size: 2 }, undefined, { index: 1, size: 1 },
        ]);
    });
    it("are stepped through with the keys", () => {
        const to = (key: string, from: number) => rowByKey(key, from, items, heading, 2);
        expect(to("ArrowDown", 2)).toBe(4);
        expect(to("ArrowUp", 4)).toBe(2);
        expect(to("ArrowUp", 1)).toBe(1);
        expect(to("Home", 4)).toBe(1);
        expect(to("End", 1)).toBe(4);
        expect(to("PageDown", 1)).toBe(4);
        expect(to("PageUp", 2)).toBe(1);
        expect(to("Enter", 2)).toBeUndefined();
    });
});
