import type { Person } from "../session/book";
import { listApi, type Session } from "../session/session.svelte";

export interface Dated {
    readonly userId: string;
    readonly ts: number;
}

export interface Overview {
    readonly incoming: readonly Dated[];
    readonly outgoing: readonly Dated[];
    readonly observers: readonly Dated[];
    readonly preapproved: readonly string[];
    readonly denied: readonly string[];
    readonly blocked: readonly string[];
}

export interface Entry {
    readonly userId: string;
    readonly accepted: boolean;
}

export type Visibility = "everyone" | "lists_only" | "nobody";
export type AutoAccept = "never" | "contacts" | "same_server" | "everyone";
export interface Policy {
    readonly visibility: Visibility;
    readonly auto_accept: AutoAccept;
}
export type Verb = "accept" | "deny" | "revoke" | "block" | "unblock";

type Json = Record<string, unknown>;

function dated(rows: unknown, when: string): Dated[] {
    return ((rows ?? []) as Json[]).map((r) => ({
        userId: String(r["user_id"]),
        ts: Number(r[when]),
    }));
}

const nothing: Overview = {
    incoming: [],
    outgoing: [],
    observers: [],
    preapproved: [],
    denied: [],
    blocked: [],
};

// One's presence list, who asks, who sees one, and the policy. Read when something says that it
// changed: a message of the server to this device, an action here or in another tab, or the
// connection's return.
export class Lists {
    entries: readonly Entry[] = $state.raw([]);
    overview: Overview = $state.raw(nothing);
    policy: Policy | undefined = $state.raw();
    loaded = $state(false);

    private readonly path: string;
    private readonly tabs: BroadcastChannel;
    private reading: Promise<void> | undefined;
    private again = false;

    constructor(private readonly session: Session) {
        this.path = encodeURIComponent(session.userId);
        this.tabs = new BroadcastChannel(`porchlight.lists.${session.userId}`);
        this.tabs.onmessage = () => void this.refresh().catch(() => {});
    }

    // A message of the server to this device.
    heard(type: string): void {
        if (type === "m.presence_invite" || type === "m.presence_accept") {
            // One device, several tabs: the message may have come to this one only.
            this.tabs.postMessage("changed");
            void this.refresh().catch(() => {});
        }
    }

    // Somebody can be seen who could not: they may have changed their policy, which no message
    // tells.
    appeared(userId: string): void {
        if (this.entries.some((e) => e.userId === userId && !e.accepted)) {
            void this.refresh().catch(() => {});
        }
    }

    // One read at a time; who asks meanwhile gets the next.
    refresh(): Promise<void> {
        if (this.reading) {
            this.again = true;
            return this.reading;
        }
        this.reading = (async () => {
            try {
                do {
                    this.again = false;
                    await this.read();
                } while (this.again);
            } finally {
                this.reading = undefined;
            }
        })();
        return this.reading;
    }

    async ask(userId: string): Promise<void> {
        await this.change("POST", `/presence/list/${this.path}`, { invite: [userId] });
    }

    async drop(userId: string): Promise<void> {
        await this.change("POST", `/presence/list/${this.path}`, { drop: [userId] });
    }

    async answer(verb: Verb, userId: string): Promise<void> {
        await this.change("POST", `/invites/${this.path}`, { [verb]: [userId] }, listApi);
    }

    async setPolicy(change: Partial<Policy>): Promise<void> {
        await this.change("PUT", `/policy/${this.path}`, change, listApi);
    }

    stop(): void {
        this.tabs.close();
    }

    private async change(
        method: "PUT" | "POST",
        path: string,
        body: object,
        api?: string,
    ): Promise<void> {
        await this.session.request(method, path, body, api);
        this.tabs.postMessage("changed");
        await this.refresh();
    }

    private async read(): Promise<void> {
        const [list, invites, policy] = await Promise.all([
            this.session.request<Json[]>("GET", `/presence/list/${this.path}`),
            this.session.request<Json>("GET", `/invites/${this.path}`, undefined, listApi),
            this.session.request<Policy>("GET", `/policy/${this.path}`, undefined, listApi),
        ]);
        this.entries = list.map((e) => ({
            userId: String(e["user_id"]),
            accepted: e["accepted"] === true,
        }));
        for (const e of list) {
            if (e["accepted"] === true) {
                this.session.people.receive(e["user_id"], e["content"], true);
            }
        }
        this.overview = {
            incoming: dated(invites["incoming"], "invited_ts"),
            outgoing: dated(invites["outgoing"], "invited_ts"),
            observers: dated(invites["observers"], "accepted_ts"),
            preapproved: invites["preapproved"] as string[],
            denied: invites["denied"] as string[],
            blocked: invites["blocked"] as string[],
        };
        this.policy = policy;
        this.loaded = true;
    }
}

export type Found = Pick<Person, "userId" | "displayName" | "avatar">;

export async function searchPeople(session: Session, wanted: string): Promise<Found[]> {
    const answer = await session.request<{ results: Json[] }>("POST", "/user_directory/search", {
        search_term: wanted,
        limit: 20,
    });
    const text = (value: unknown) => (typeof value === "string" ? value : undefined);
    return answer.results
        .filter((r) => r["user_id"] !== session.userId)
        .map((r) => ({
            userId: String(r["user_id"]),
            displayName: text(r["display_name"]),
            avatar: text(r["avatar_url"]),
        }));
}
