// The last ten minutes, made from overviews as they come: rates and percentiles are differences of
// two of them.
import type { Histogram, Overview, Totals } from "./api";

export const interval = 2; // seconds between two polls
export const span = 600; // seconds that are kept
const widest = 4 * interval; // two overviews further apart say nothing of the time between

// Names of the curves.
export const curves = [
    "updates",
    "deliveries",
    "p50",
    "p95",
    "p99",
    "commit99",
    "requests",
    "refused",
    "failed",
    "waiters",
    "online",
    "live",
    "deciding",
    "net",
    "cold",
    "store",
    "unsaved",
    "memory",
    "cpu",
    "delivered",
    "undelivered",
    "received",
    "failing",
    "listMessages",
    "pushes",
] as const;
export type Curve = (typeof curves)[number];
export type Sample = Record<Curve, number | null>;

// The value that `part` (0..1) of the observations between two histograms don't exceed, in seconds,
// straight within a bucket; null: there were none. Of those beyond all bounds the last bound is told.
export function percentile(before: Histogram, after: Histogram, part: number): number | null {
    const counts = after.counts.map((n, i) => n - (before.counts[i] ?? 0));
    const all = counts.reduce((sum, n) => sum + n, 0);
    if (all <= 0) {
        return null;
    }
    let left = part * all;
    for (const [i, n] of counts.entries()) {
        if (n > 0 && left <= n) {
            const from = after.bounds[i - 1] ?? 0;
            const to = after.bounds[i] ?? from;
            return from + (to - from) * (left / n);
        }
        left -= n;
    }
    return after.bounds.at(-1) ?? null;
}

function present(o: Overview) {
    return {
        waiters: o.gauges.waiters,
        online: o.gauges.users_online,
        live: o.gauges.users_live,
        deciding: o.queues.deciding,
        net: o.queues.net,
        cold: o.queues.cold,
        store: o.queues.store,
        unsaved: o.queues.unsaved,
        memory: o.process.resident_bytes,
        failing: o.federation.failing,
        listMessages: o.federation.list_messages_waiting,
        pushes: o.federation.pushes_waiting,
    };
}

// `before` null, of another run of the server, or too long ago: no rates.
export function sample(before: Overview | null, o: Overview): Sample {
    const seconds = before ? (o.now - before.now) / 1000 : 0;
    const usable =
        before !== null && seconds > 0 && seconds <= widest && o.uptime_ms >= before.uptime_ms;
    const none = {
        updates: null,
        deliveries: null,
        requests: null,
        refused: null,
        failed: null,
        delivered: null,
        undelivered: null,
        received: null,
        cpu: null,
    };
    const latencies = { p50: null, p95: null, p99: null, commit99: null };
    if (!usable) {
        return { ...present(o), ...none, ...latencies };
    }
    const rate = (key: keyof Totals) => (o.totals[key] - before.totals[key]) / seconds;
    const late = (part: number) => percentile(before.latency.delivery, o.latency.delivery, part);
    return {
        ...present(o),
        updates: rate("updates"),
        deliveries: rate("deliveries"),
        requests: rate("requests"),
        refused: rate("answers_refused"),
        failed: rate("answers_failed"),
        delivered: rate("federation_delivered"),
        undelivered: rate("federation_failed"),
        received: rate("federation_received"),
        cpu: (o.process.cpu_seconds - before.process.cpu_seconds) / seconds,
        p50: late(0.5),
        p95: late(0.95),
        p99: late(0.99),
        commit99: percentile(before.latency.commit, o.latency.commit, 0.99),
    };
}

export class History {
    readonly times: number[] = []; // unix seconds, of this machine's clock
    private readonly columns = new Map<Curve, (number | null)[]>(curves.map((c) => [c, []]));
    private last: Overview | null = null;

    column(c: Curve): (number | null)[] {
        return this.columns.get(c)!;
    }
    latest(c: Curve): number | null {
        return this.column(c).at(-1) ?? null;
    }
    add(o: Overview, at: number): void {
        if (at - (this.times.at(-1) ?? at) > widest) {
            this.gap(at - interval); // nobody asked meanwhile: the curves must not cross that time
        }
        this.push(at, sample(this.last, o));
        this.last = o;
    }
    // Nothing is known of this moment.
    gap(at: number): void {
        this.push(at, null);
        this.last = null;
    }

    private push(at: number, s: Sample | null): void {
        this.times.push(at);
        for (const [c, column] of this.columns) {
            column.push(s ? s[c] : null);
        }
        const old = this.times.findIndex((t) => t >= at - span - interval);
        if (old > 0) {
            this.times.splice(0, old);
            for (const column of this.columns.values()) {
                column.splice(0, old);
            }
        }
    }
}
