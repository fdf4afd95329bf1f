// Times as people say them. `now` is an argument; rounding is downwards: "3 min" is 3 to under 4.
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

function plural(n: number, word: string): string {
    return `${n} ${word}${n === 1 ? "" : "s"}`;
}

export interface Words {
    short: string;
    long: string; // to be read out
}

const alike = (words: string): Words => ({ short: words, long: words });

export function agoWords(ts: number, now: number): Words {
    const ago = Math.max(0, now - ts);
    if (ago < minute) {
        return alike("just now");
    }
    if (ago < hour) {
        const n = Math.floor(ago / minute);
        return { short: `${n} min ago`, long: `${plural(n, "minute")} ago` };
    }
    if (ago < day) {
        const n = Math.floor(ago / hour);
        return { short: `${n} h ago`, long: `${plural(n, "hour")} ago` };
    }
    if (ago < 14 * day) {
        return alike(`${plural(Math.floor(ago / day), "day")} ago`);
    }
    return alike(`on ${dateWords(ts)}`);
}

export function activeWords(
    person: { lastActiveTs?: number; currentlyActive: boolean },
    now: number,
): Words {
    if (person.currentlyActive) {
        return alike("active now");
    }
    if (person.lastActiveTs === undefined) {
        return alike("");
    }
    const ago = agoWords(person.lastActiveTs, now);
    return { short: `active ${ago.short}`, long: `active ${ago.long}` };
}

export function clockWords(ts: number): string {
    return new Date(ts).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

export function dateWords(ts: number): string {
    return new Date(ts).toLocaleDateString("en-GB", {
        day: "numeric",
        month: "short",
        year: "numeric",
    });
}

// "15:30", "tomorrow 09:00", "3 Jan 2027, 09:00".
export function pointWords(ts: number, now: number): string {
    const midnight = (at: number, days: number) => {
        const date = new Date(at);
        return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
    };
    if (ts >= midnight(now, 0) && ts < midnight(now, 1)) {
        return clockWords(ts);
    }
    if (ts >= midnight(now, 1) && ts < midnight(now, 2)) {
        return `tomorrow ${clockWords(ts)}`;
    }
    return `${dateWords(ts)}, ${clockWords(ts)}`;
}
