// What is known of people's presence. Pure: time comes in as an argument, nothing is shown here.
export type State = "online" | "unavailable" | "offline" | "free_for_chat" | "busy" | "hidden";

export interface Person {
    readonly userId: string;
    readonly state: State;
    readonly statusText?: string;
    readonly lastActiveTs?: number; // ms since the epoch, by this computer's clock
    readonly currentlyActive: boolean;
    readonly displayName?: string;
    readonly avatar?: string; // mxc://
}

const states = new Set<string>([
    "online",
    "unavailable",
    "offline",
    "free_for_chat",
    "busy",
    "hidden",
]);

function text(value: unknown): string | undefined {
    return typeof value === "string" && value !== "" ? value : undefined;
}

// The content of an m.presence event, or of an answer that looks like one. What is absent is not
// the case: a text that is not there was cleared. Undefined: not understood.
export function personOf(userId: unknown, content: unknown, now: number): Person | undefined {
    if (
        typeof userId !== "string" ||
        !userId.startsWith("@") ||
        typeof content !== "object" ||
        !content
    ) {
        return undefined;
    }
    const c = content as Record<string, unknown>;
    const named = c["presence"] === "org.matrix.msc3026.busy" ? "busy" : c["presence"];
    if (typeof named !== "string" || !states.has(named)) {
        return undefined;
    }
    const ago = c["last_active_ago"];
    return {
        userId,
        state: named as State,
        statusText: text(c["status_msg"]),
        lastActiveTs: typeof ago === "number" && ago >= 0 ? now - ago : undefined,
        currentlyActive: c["currently_active"] === true,
        displayName: text(c["displayname"]),
        avatar: text(c["avatar_url"]),
    };
}

function same(a: Person, b: Person): boolean {
    return (
        a.state === b.state &&
        a.statusText === b.statusText &&
        a.lastActiveTs === b.lastActiveTs &&
        a.currentlyActive === b.currentlyActive &&
        a.displayName === b.displayName &&
        a.avatar === b.avatar
    );
}

// Two copies of one moment that were computed in different milliseconds are not news.
const jitterMs = 1500;

// Collects what comes in until take() is called; then the changes are in `people`.
export class Book {
    private current: ReadonlyMap<string, Person> = new Map();
    private pending = new Map<string, Person | undefined>();

    get people(): ReadonlyMap<string, Person> {
        return this.current;
    }

    // The newest that is known of somebody, taken already or not.
    latest(userId: string): Person | undefined {
        return this.pending.has(userId) ? this.pending.get(userId) : this.current.get(userId);
    }

    // True: there is something to take. A name or picture that the source does not know
    // (`keepProfile`) stays as it was.
    put(person: Person, keepProfile = false): boolean {
        const before = this.latest(person.userId);
        let next = person;
        if (before && keepProfile) {
            next = {
                ...next,
                displayName: next.displayName ?? before.displayName,
                avatar: next.avatar ?? before.avatar,
            };
        }
        if (
            before?.lastActiveTs !== undefined &&
            next.lastActiveTs !== undefined &&
            Math.abs(before.lastActiveTs - next.lastActiveTs) < jitterMs
        ) {
            next = { ...next, lastActiveTs: before.lastActiveTs };
        }
        if (before && same(before, next)) {
            return false;
        }
        this.pending.set(person.userId, next);
        return true;
    }

    remove(userId: string): boolean {
        if (!this.latest(userId)) {
            return false;
        }
        this.pending.set(userId, undefined);
        return true;
    }

    // Puts what came in into a new map. False: nothing did.
    take(): boolean {
        if (this.pending.size === 0) {
            return false;
        }
        const next = new Map(this.current);
        for (const [userId, person] of this.pending) {
            if (person) {
                next.set(userId, person);
            } else {
                next.delete(userId);
            }
        }
        this.pending.clear();
        this.current = next;
        return true;
    }
}
