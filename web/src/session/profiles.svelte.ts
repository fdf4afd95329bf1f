import { SvelteMap } from "svelte/reactivity";
import type { Session } from "./session.svelte";

export interface Profile {
    readonly displayName?: string;
    readonly avatar?: string;
}

// Names and pictures of those whose presence one does not see: who asks, who sees one.
// Each is read once, when it is wanted. At most `kept`.
const kept = 2000;

export class Profiles {
    private readonly known = new SvelteMap<string, Profile>();
    private readonly asked = new Set<string>();

    constructor(private readonly session: Session) {}

    of(userId: string): Profile | undefined {
        const seen = this.session.people.person(userId) ?? this.known.get(userId);
        if (!seen && !this.asked.has(userId) && this.asked.size < kept) {
            this.asked.add(userId);
            void this.read(userId);
        }
        return seen;
    }

    private async read(userId: string): Promise<void> {
        try {
            const path = `/profile/${encodeURIComponent(userId)}`;
            const answer = await this.session.request<Record<string, unknown>>("GET", path);
            const text = (value: unknown) =>
                typeof value === "string" && value ? value : undefined;
            this.known.set(userId, {
                displayName: text(answer["displayname"]),
                avatar: text(answer["avatar_url"]),
            });
        } catch {
            // Their id is their name.
        }
    }
}
