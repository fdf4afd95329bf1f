// For how long a status text stands. A choice gives a time in ms since the epoch, or none: until
// changed.
export type Expiry = "never" | "30m" | "1h" | "4h" | "today" | "own";

export const expiries: readonly { value: Expiry; label: string }[] = [
    { value: "never", label: "until I change it" },
    { value: "30m", label: "for 30 minutes" },
    { value: "1h", label: "for 1 hour" },
    { value: "4h", label: "for 4 hours" },
    { value: "today", label: "for today" },
    { value: "own", label: "until …" },
];

const minute = 60_000;

// `own`: the value of a datetime-local field. An error is a sentence.
export function expiryTime(
    choice: Expiry,
    own: string,
    now: number,
): number | undefined | { error: string } {
    switch (choice) {
        case "never":
            return undefined;
        case "30m":
            return now + 30 * minute;
        case "1h":
            return now + 60 * minute;
        case "4h":
            return now + 240 * minute;
        case "today": {
            const date = new Date(now);
            return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
        }
        case "own": {
            const at = new Date(own).getTime();
            if (Number.isNaN(at)) {
                return { error: "Please give the day and time when the text should go." };
            }
            return at > now ? at : { error: "That time is over." };
        }
    }
}

// When the text that stands now goes: the server does not say, so this browser remembers what it
// asked for.
const key = "porchlight.text";

export function rememberExpiry(userId: string, text: string, until: number | undefined): void {
    if (until === undefined || text === "") {
        localStorage.removeItem(key);
    } else {
        localStorage.setItem(key, JSON.stringify({ userId, text, until }));
    }
}

export function rememberedExpiry(
    userId: string,
    text: string | undefined,
    now: number,
): number | undefined {
    try {
        const o = JSON.parse(localStorage.getItem(key) ?? "null") as Record<string, unknown> | null;
        const until = o?.["until"];
        return o?.["userId"] === userId &&
            o["text"] === text &&
            typeof until === "number" &&
            until > now
            ? until
            : undefined;
    } catch {
        return undefined;
    }
}
