import { listApi, type Session } from "./session.svelte";

// Who shares a room with one, and whether somebody may still be seen. The first answer of the polls
// leaves out who is not home, and an end of a view looks like going out: both are asked for here.
const idsAtOnce = 1000;
const membersMax = 10_000;
const gatherMs = 400;

type Json = Record<string, unknown>;

export class Neighbours {
    private doubted = new Set<string>();
    private timer: ReturnType<typeof setTimeout> | undefined;

    // `gone`: somebody can't be seen any more.
    constructor(
        private readonly session: Session,
        private readonly gone: (userId: string) => void,
    ) {}

    // Members of all rooms, with names and pictures.
    async readMembers(roomIds: readonly string[]): Promise<void> {
        const profiles = new Map<string, Json>();
        for (const roomId of roomIds) {
            const path = `/rooms/${encodeURIComponent(roomId)}/joined_members`;
            const answer = await this.session.request<{ joined: Record<string, Json> }>(
                "GET",
                path,
            );
            for (const [userId, profile] of Object.entries(answer.joined)) {
                if (profiles.size < membersMax && !this.session.people.latest(userId)) {
                    profiles.set(userId, profile);
                }
            }
        }
        const seen = await this.query([...profiles.keys()]);
        for (const [userId, content] of Object.entries(seen)) {
            const profile = profiles.get(userId);
            if (!this.session.people.latest(userId)) {
                this.session.people.receive(userId, {
                    ...content,
                    displayname: profile?.["display_name"],
                    avatar_url: profile?.["avatar_url"],
                });
            }
        }
    }

    // An offline event without a text may be the last one of somebody.
    heard(userId: string, content: Json): void {
        if (
            content["presence"] === "offline" &&
            !content["status_msg"] &&
            userId !== this.session.userId
        ) {
            this.doubted.add(userId);
            this.timer ??= setTimeout(() => void this.ask(), gatherMs);
        }
    }

    // Asks again what could not be asked.
    retry(): void {
        if (this.doubted.size > 0) {
            this.timer ??= setTimeout(() => void this.ask(), gatherMs);
        }
    }

    stop(): void {
        clearTimeout(this.timer);
    }

    private async ask(): Promise<void> {
        this.timer = undefined;
        const asked = [...this.doubted];
        this.doubted.clear();
        try {
            const seen = await this.query(asked);
            for (const userId of asked) {
                if (!(userId in seen) && this.session.people.latest(userId)?.state === "offline") {
                    this.session.people.forget(userId);
                    this.gone(userId);
                }
            }
        } catch {
            // Without a connection they are shown as they were, and all lights as unknown.
            asked.forEach((userId) => this.doubted.add(userId));
        }
    }

    private async query(ids: string[]): Promise<Record<string, Json>> {
        const seen: Record<string, Json> = {};
        for (let from = 0; from < ids.length; from += idsAtOnce) {
            const some = ids.slice(from, from + idsAtOnce);
            Object.assign(
                seen,
                await this.session.request("POST", "/query", { user_ids: some }, listApi),
            );
        }
        return seen;
    }
}
