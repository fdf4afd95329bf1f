// Numbers as an administrator reads them. Null is what is not known.

export const unknown = "–";

export function count(n: number | null | undefined): string {
    if (n === null || n === undefined) {
        return unknown;
    }
    return n.toLocaleString("en", { maximumFractionDigits: Math.abs(n) < 10 ? 1 : 0 });
}

export function perSecond(n: number | null): string {
    return n === null ? unknown : `${count(n)}/s`;
}

// Seconds as ms or s.
export function latency(seconds: number | null): string {
    if (seconds === null) {
        return unknown;
    }
    return seconds < 1 ? `${count(seconds * 1000)} ms` : `${count(seconds)} s`;
}

export function bytes(n: number | null): string {
    if (n === null) {
        return unknown;
    }
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let i = 0;
    while (n >= 1024 && i + 1 < units.length) {
        n /= 1024;
        ++i;
    }
    const maximumFractionDigits = n < 100 && i > 0 ? 1 : 0;
    return `${n.toLocaleString("en", { maximumFractionDigits })} ${units[i]}`;
}

export function cores(n: number | null): string {
    return n === null ? unknown : `${n.toLocaleString("en", { maximumFractionDigits: 2 })} cores`;
}

// "3 d 4 h", "2 min 5 s"
export function duration(ms: number): string {
    const s = Math.max(0, Math.round(ms / 1000));
    const parts: [number, string][] = [
        [Math.floor(s / 86400), "d"],
        [Math.floor(s / 3600) % 24, "h"],
        [Math.floor(s / 60) % 60, "min"],
        [s % 60, "s"],
    ];
    const first = parts.findIndex(([n]) => n > 0);
    return first < 0
        ? "0 s"
        : parts
              .slice(first, first + 2)
              .filter(([n]) => n > 0)
              .map(([n, unit]) => `${n} ${unit}`)
              .join(" ");
}

// Of a moment seen from another, both in unix ms.
export function ago(then: number | undefined, now: number): string {
    if (then === undefined) {
        return unknown;
    }
    return then > now ? `in ${duration(then - now)}` : `${duration(now - then)} ago`;
}

export function clock(ms: number, withSeconds = true): string {
    return new Date(ms).toLocaleTimeString("en-GB", {
        hour: "2-digit",
        minute: "2-digit",
        second: withSeconds ? "2-digit" : undefined,
    });
}

export function date(ms: number): string {
    return new Date(ms).toLocaleDateString("en-GB", {
        day: "numeric",
        month: "short",
        year: "numeric",
    });
}
