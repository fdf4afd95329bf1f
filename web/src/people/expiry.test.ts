import { describe, expect, it } from "vitest";
import { expiryTime } from "./expiry";

const noon = new Date(2026, 10, 26, 12, 0).getTime();

describe("a status text goes", () => {
    it("never, or after a while", () => {
        expect(expiryTime("never", "", noon)).toBeUndefined();
        expect(expiryTime("30m", "", noon)).toBe(noon + 30 * 60_000);
        expect(expiryTime("4h", "", noon)).toBe(noon + 4 * 3_600_000);
    });
    it("at the next midnight of this place", () => {
        expect(expiryTime("today", "", noon)).toBe(new Date(2026, 10, 27).getTime());
    });
    it("at a time of one's own, which must be to come", () => {
        expect(expiryTime("own", "2026-11-26T12:30", noon)).toBe(noon + 30 * 60_000);
        expect(expiryTime("own", "2026-11-26T11:59", noon)).toEqual({
            error: "That time is over.",
        });
        expect(expiryTime("own", "", noon)).toHaveProperty("error");
    });
});
