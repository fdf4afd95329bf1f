import type { Light } from "../parts/words";
import { nameOf } from "../parts/words";

// Who stands where on the page: groups by light, in them the people of one's list first, then by name.
export interface Neighbour {
    readonly userId: string;
    readonly displayName?: string;
    readonly light: Light;
    readonly listed: boolean; // on one's presence list, accepted
    readonly pending: boolean; // on it, not answered
}

export type Group = "free_for_chat" | "online" | "busy" | "unavailable" | "offline" | "pending";

export const groups: readonly { group: Group; title: string }[] = [
    { group: "free_for_chat", title: "Free for chat" },
    { group: "online", title: "Home" },
    { group: "busy", title: "Busy" },
    { group: "unavailable", title: "Away" },
    { group: "offline", title: "Not home" },
    { group: "pending", title: "Asked, not answered" },
];

export function groupOf(n: Neighbour): Group {
    if (n.pending) {
        return "pending";
    }
    return n.light === "hidden" || n.light === "unknown" ? "offline" : n.light;
}

export type Row<N extends Neighbour> =
    | { kind: "heading"; group: Group; title: string; count: number }
    | { kind: "person"; person: N; group: Group };

const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

// `placed` says where somebody stands for now, where that differs from their light.
export function rowsOf<N extends Neighbour>(
    people: Iterable<N>,
    placed: (n: N) => Group = groupOf,
): Row<N>[] {
    const sorted = new Map<Group, { name: string; person: N }[]>();
    for (const person of people) {
        const group = placed(person);
        const entry = { name: nameOf(person.userId, person.displayName), person };
        const there = sorted.get(group);
        if (there) {
            there.push(entry);
        } else {
            sorted.set(group, [entry]);
        }
    }
    const rows: Row<N>[] = [];
    for (const { group, title } of groups) {
        const there = sorted.get(group);
        if (!there) {
            continue;
        }
        there.sort(
            (a, b) =>
                Number(b.person.listed) - Number(a.person.listed) ||
                byName.compare(a.name, b.name) ||
                (a.person.userId < b.person.userId ? -1 : 1),
        );
        rows.push({ kind: "heading", group, title, count: there.length });
        for (const { person } of there) {
            rows.push({ kind: "person", person, group });
        }
    }
    return rows;
}

export function matches(n: Neighbour & { statusText?: string }, wanted: string): boolean {
    const needle = wanted.trim().toLocaleLowerCase();
    return (
        needle === "" ||
        n.userId.toLocaleLowerCase().includes(needle) ||
        (n.displayName ?? "").toLocaleLowerCase().includes(needle) ||
        (n.statusText ?? "").toLocaleLowerCase().includes(needle)
    );
}

// Somebody changes places only when their light was the same for a moment: one who flickers stays.
export class Places {
    private readonly at = new Map<string, { group: Group; next?: Group; since: number }>();

    constructor(private readonly calmMs: number) {}

    // Where this one stands at `now`.
    place(n: Neighbour, now: number): Group {
        const group = groupOf(n);
        const known = this.at.get(n.userId);
        if (!known) {
            this.at.set(n.userId, { group, since: now });
            return group;
        }
        if (group === known.group) {
            known.next = undefined;
        } else if (known.next !== group) {
            known.next = group;
            known.since = now;
        } else if (now - known.since >= this.calmMs) {
            known.group = group;
            known.next = undefined;
        }
        return known.group;
    }

    // Where this one stood last.
    standing(n: Neighbour): Group {
        return this.at.get(n.userId)?.group ?? groupOf(n);
    }

    // Whether somebody is about to move.
    get moving(): boolean {
        for (const { next } of this.at.values()) {
            if (next !== undefined) {
                return true;
            }
        }
        return false;
    }

    // Who is not among these is forgotten.
    keep(people: readonly Neighbour[]): void {
        if (this.at.size > people.length) {
            const there = new Set(people.map((n) => n.userId));
            for (const userId of this.at.keys()) {
                if (!there.has(userId)) {
                    this.at.delete(userId);
                }
            }
        }
    }
}
