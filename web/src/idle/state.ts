// What the tabs of one device share about who sits in front of it, and how it turns into a state.
// Pure: time comes in as an argument (ms since the epoch).
//
// Everything that happens gets a stamp that is higher than all known ones, whatever the clock does.
// Joining two tabs' knowledge takes the higher stamp of each part: the order in which messages
// arrive, and how often, makes no difference, and who hears of everything knows the same.

export type Asked = "online" | "free_for_chat" | "unavailable" | "busy" | "offline" | "hidden";

const states: readonly string[] = [
    "online", "free_for_chat", "unavailable", "busy", "offline", "hidden",
] satisfies Asked[];

export const minutes_min = 1;
export const minutes_max = 5;
export const minutes_default = 3;

export interface Known {
    // The last input: its stamp and when it was.
    input: number;
    at: number;
    // The stamp of the last input that was too long ago.
    idle: number;
    // What the person chose.
    choice: number;
    asked: Asked;
    // After how many minutes without input nobody is there.
    setting: number;
    minutes: number;
}

export function first_known(now: number): Known {
    return {
        input: 0, at: now, idle: -1,
        choice: 0, asked: "online",
        setting: 0, minutes: minutes_default,
    };
}

// What another tab, or an earlier version of this page, left; undefined when it is not that.
export function read_known(value: unknown): Known | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const k = value as Record<string, unknown>;
    for (const name of ["input", "at", "idle", "choice", "setting", "minutes"]) {
        if (!Number.isFinite(k[name])) return undefined;
    }
    if (!states.includes(k.asked as string)) return undefined;
    const { input, at, idle, choice, asked, setting, minutes } = value as Known;
    return { input, at, idle, choice, asked, setting, minutes: allowed_minutes(minutes) };
}

export function allowed_minutes(minutes: number): number {
    return Math.min(minutes_max, Math.max(minutes_min, Math.round(minutes)));
}

function next_stamp(k: Known, now: number): number {
    return Math.max(now, k.input + 1, k.idle + 1, k.choice + 1, k.setting + 1);
}

export function with_input(k: Known, now: number): Known {
    return { ...k, input: next_stamp(k, now), at: now };
}

// Choosing is input, too.
export function with_choice(k: Known, asked: Asked, now: number): Known {
    const chosen = { ...k, choice: next_stamp(k, now), asked };
    return with_input(chosen, now);
}

export function with_minutes(k: Known, minutes: number, now: number): Known {
    return { ...k, setting: next_stamp(k, now), minutes: allowed_minutes(minutes) };
}

export function joined(a: Known, b: Known): Known {
    const joined = { ...a, idle: Math.max(a.idle, b.idle) };
    if (b.input > a.input) {
        joined.input = b.input;
        joined.at = b.at;
    } else if (b.input === a.input) {
        joined.at = Math.min(a.at, b.at);
    }
    if (b.choice > a.choice || (b.choice === a.choice && b.asked > a.asked)) {
        joined.choice = b.choice;
        joined.asked = b.asked;
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

export function is_idle(k: Known): boolean {
    return k.idle >= k.input;
}

// How long until settled() may say something else; undefined: never without input.
export function idle_in(k: Known, now: number): number | undefined {
    return is_idle(k) ? undefined : Math.max(0, Math.min(k.at, now) + k.minutes * 60_000 - now);
}

// The state of this device: what was asked, but nobody is at home after too long. What was chosen
// by hand beyond being at home is not touched.
export function state_of(k: Known): Asked {
    const at_home = k.asked === "online" || k.asked === "free_for_chat";
    return at_home && is_idle(k) ? "unavailable" : k.asked;
}

// What polls carry. `hidden` is the user's, not a stream's: beneath it the device goes on.
export function poll_state_of(k: Known): Exclude<Asked, "hidden"> {
    if (k.asked !== "hidden") return state_of(k) as Exclude<Asked, "hidden">;
    return is_idle(k) ? "unavailable" : "online";
}

export function same(a: Known, b: Known): boolean {
    return (Object.keys(a) as (keyof Known)[]).every((name) => a[name] === b[name]);
}
