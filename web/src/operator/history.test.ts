import { describe, expect, it } from "vitest";
import type { Histogram, Overview, Totals } from "./api";
import { History, percentile, sample, span } from "./history";

const histogram = (counts: number[]): Histogram => ({ bounds: [0.1, 0.2, 0.4], counts, sum: 0 });

function overview(seconds: number, change: Record<string, number> = {}): Overview {
    const names: (keyof Totals)[] = [
        "updates",
        "marks",
        "deliveries",
        "events",
        "requests",
        "answers_refused",
        "answers_failed",
        "sent_bytes",
        "rebuilt",
        "logins_refused",
        "limits_reached",
        "federation_delivered",
        "federation_failed",
        "federation_received",
        "store_failures",
        "admin_tokens_refused",
    ];
    const totals = Object.fromEntries(names.map((key) => [key, change[key] ?? 0])) as Totals;
    return {
        now: seconds * 1000,
        uptime_ms: seconds * 1000,
        version: "1",
        server_name: "porch.test",
        accounts: 1,
        totals,
        gauges: {
            waiters: 5,
            users_known: 9,
            users_online: 3,
            users_live: 4,
            rooms: 1,
            window_ms: 100,
        },
        queues: { deciding: 0, net: 0, cold: 0, store: 0, unsaved: 0 },
        process: { resident_bytes: 1000, cpu_seconds: change.cpu ?? 0, connections: 1 },
        federation: {
            destinations: 0,
            failing: 0,
            list_messages_waiting: 0,
            pushes_waiting: 0,
            transactions_under_way: 0,
            observed: 0,
        },
        latency: { delivery: histogram([0, 0, 0, 0]), commit: histogram([0, 0, 0, 0]) },
    };
}

describe("a percentile", () => {
    const none = histogram([0, 0, 0, 0]);
    it("is of the observations between two histograms", () => {
        expect(percentile(histogram([100, 0, 0, 0]), histogram([100, 10, 0, 0]), 0.5)).toBeCloseTo(
            0.15,
        );
    });
    it("is straight within a bucket, from 0 in the first", () => {
        expect(percentile(none, histogram([4, 0, 0, 0]), 0.25)).toBeCloseTo(0.025);
        expect(percentile(none, histogram([4, 0, 0, 0]), 1)).toBeCloseTo(0.1);
    });
    it("passes over empty buckets", () => {
        expect(percentile(none, histogram([1, 0, 1, 0]), 0.99)).toBeGreaterThan(0.39);
        expect(percentile(none, histogram([1, 0, 1, 0]), 0.5)).toBeCloseTo(0.1);
    });
    it("of what lies beyond all bounds is the last bound", () => {
        expect(percentile(none, histogram([0, 0, 0, 3]), 0.5)).toBeCloseTo(0.4);
    });
    it("is none where nothing was observed", () => {
        expect(percentile(histogram([1, 2, 3, 4]), histogram([1, 2, 3, 4]), 0.5)).toBeNull();
    });
});

describe("a sample", () => {
    it("has rates between two overviews", () => {
        const s = sample(overview(10, { updates: 5 }), overview(12, { updates: 25, cpu: 1 }));
        expect(s.updates).toBe(10);
        expect(s.cpu).toBe(0.5);
        expect(s.waiters).toBe(5);
    });
    it("has no rates without an overview before, but what is present", () => {
        const s = sample(null, overview(10));
        expect(s.updates).toBeNull();
        expect(s.online).toBe(3);
    });
    it("has no rates over a restart of the server", () => {
        const after = overview(12, { updates: 3 });
        after.uptime_ms = 1000;
        expect(sample(overview(10, { updates: 500 }), after).updates).toBeNull();
    });
    it("has no rates over a time in which nobody asked", () => {
        expect(sample(overview(10), overview(100, { updates: 90 })).updates).toBeNull();
    });
});

describe("the history", () => {
    it("has a gap where the server did not answer, and no rate right after it", () => {
        const h = new History();
        h.add(overview(10), 10);
        h.add(overview(12, { updates: 2 }), 12);
        h.gap(14);
        h.add(overview(16, { updates: 6 }), 16);
        h.add(overview(18, { updates: 8 }), 18);
        expect(h.column("updates")).toEqual([null, 1, null, null, 1]);
        expect(h.column("waiters")).toEqual([5, 5, null, 5, 5]);
    });
    it("has a gap where the page was hidden", () => {
        const h = new History();
        h.add(overview(10), 10);
        h.add(overview(100), 100);
        expect(h.times).toEqual([10, 98, 100]);
        expect(h.column("waiters")).toEqual([5, null, 5]);
    });
    it("keeps ten minutes", () => {
        const h = new History();
        for (let t = 0; t <= 2 * span; t += 2) {
            h.add(overview(t), t);
        }
        expect(h.times[0]).toBeGreaterThanOrEqual(span - 2);
        expect(h.column("waiters").length).toBe(h.times.length);
    });
});
