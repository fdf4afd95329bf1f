import { expect, it } from "vitest";
import { ago, bytes, cores, count, duration, latency, perSecond, unknown } from "./format";

it("tells what is not known from zero", () => {
    for (const say of [count, perSecond, latency, bytes, cores]) {
        expect(say(null)).toBe(unknown);
        expect(say(0)).toMatch(/^0/);
    }
});

it("has a digit behind the point for small numbers alone", () => {
    expect(count(1.25)).toBe("1.3");
    expect(count(1234.5)).toBe("1,235");
    expect(latency(0.0123)).toBe("12 ms");
    expect(latency(0.0023)).toBe("2.3 ms");
    expect(latency(2.5)).toBe("2.5 s");
});

it("says memory in the unit that fits", () => {
    expect(bytes(512)).toBe("512 B");
    expect(bytes(38.25 * 1024 * 1024)).toBe("38.3 MiB");
    expect(bytes(300 * 1024 * 1024)).toBe("300 MiB");
});

it("says durations in two units", () => {
    expect(duration(0)).toBe("0 s");
    expect(duration(125_000)).toBe("2 min 5 s");
    expect(duration(3_600_000)).toBe("1 h");
    expect(duration(273_600_000)).toBe("3 d 4 h");
});

it("says whether a moment has passed", () => {
    expect(ago(1000, 6000)).toBe("5 s ago");
    expect(ago(6000, 1000)).toBe("in 5 s");
    expect(ago(undefined, 1000)).toBe(unknown);
});
