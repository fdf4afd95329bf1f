// What the tabs of one device share about who sits in front of it, and how it turns into a state.
// Pure: time comes in as an argument (ms since the epoch).
//
// Everything that happens gets a stamp that is higher than all known ones, whatever the clock does.
// Joining two tabs' knowledge takes the higher stamp of each part: the order in which messages
// arrive, and how often, makes no difference, and who hears of everything knows the same.

export type Asked = "online" | "free_for_chat" | "unavailable" | "busy" | "offline" | "hidden";
export type Polled = Exclude<Asked, "hidden">;

export const minutesMin = 1;
export const minutesMax = 5;
export const minutesDefault = 3;

export interface Known {
    // The last input: its stamp and when it was.
    input: number;
    at: number;
    // The stamp of the last input that was too long ago.
    idle: number;
    // After how many minutes without input nobody is there.
    setting: number;
    minutes: number;
}

export function firstKnown(now: number): Known {
    return { input: 0, at: now, idle: -1, setting: 0, minutes: minutesDefault };
}

// What another tab, or an earlier version of this page, left; undefined when it is not that.
export function readKnown(value: unknown): Known | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const k = value as Record<string, unknown>;
    for (const name of ["input", "at", "idle", "setting", "minutes"]) {
        if (!Number.isFinite(k[name])) return undefined;
    }
    const { input, at, idle, setting, minutes } = value as Known;
    return { input, at, idle, setting, minutes: allowedMinutes(minutes) };
}

export function allowedMinutes(minutes: number): number {
    return Math.min(minutesMax, Math.max(minutesMin, Math.round(minutes)));
}

function nextStamp(k: Known, now: number): number {
    return Math.max(now, k.input + 1, k.idle + 1, k.setting + 1);
}

export function withInput(k: Known, now: number): Known {
    return { ...k, input: nextStamp(k, now), at: now };
}

export function withMinutes(k: Known, minutes: number, now: number): Known {
    return { ...k, setting: nextStamp(k, now), minutes: allowedMinutes(minutes) };
}

export function joined(a: Known, b: Known): Known {
    const joined = { ...a, idle: Math.max(a.idle, b.idle) };
    if (b.input > a.input) {
        joined.input = b.input;
        joined.at = b.at;
    } else if (b.input === a.input) {
        joined.at = Math.min(a.at, b.at);
    }
    if (b.setting > a.setting || (b.setting === a.setting && b.minutes > a.minutes)) {
        joined.setting = b.setting;
        joined.minutes = b.minutes;
    }
    return joined;
}

// What the clock makes of it. Once idle only another input ends it, whatever the clock does then;
// an input that a clock set back has put into the future was now.
export function settled(k: Known, now: number): Known {
    const at = Math.min(k.at, now);
    const idle = now - at >= k.minutes * 60_000 ? Math.max(k.idle, k.input) : k.idle;
    return at === k.at && idle === k.idle ? k : { ...k, at, idle };
}

export function isIdle(k: Known): boolean {
    return k.idle >= k.input;
}

// How long until settled() may say something else; undefined: never without input.
export function idleIn(k: Known, now: number): number | undefined {
    return isIdle(k) ? undefined : Math.max(0, Math.min(k.at, now) + k.minutes * 60_000 - now);
}

// The state of this device: what was asked, but nobody is at home after too long. What was chosen
// by hand beyond being at home is not touched.
export function stateOf(asked: Asked, k: Known): Asked {
    const atHome = asked === "online" || asked === "free_for_chat";
    return atHome && isIdle(k) ? "unavailable" : asked;
}

// What polls carry. `hidden` is the user's, not a stream's: beneath it the device goes on.
export function pollStateOf(asked: Asked, k: Known): Polled {
    const state = stateOf(asked === "hidden" ? "online" : asked, k);
    return state as Polled;
}

export function same(a: Known, b: Known): boolean {
    return (Object.keys(a) as (keyof Known)[]).every((name) => a[name] === b[name]);
}
