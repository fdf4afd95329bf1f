import { Lists } from "../lists/lists.svelte";
import type { Light } from "../parts/words";
import type { Person } from "../session/book";
import { Neighbours } from "../session/neighbours";
import { Profiles } from "../session/profiles.svelte";
import type { Session } from "../session/session.svelte";
import { Places, rowsOf, type Neighbour, type Row } from "./order";

// Somebody changes places this long after their light changed.
const calmMs = 900;

export interface Shown extends Neighbour {
    readonly statusText?: string;
    readonly lastActiveTs?: number;
    readonly currentlyActive: boolean;
    readonly avatar?: string;
}

// What the main screen shows, of one login: who is there, in which group, and the lists.
export class Household {
    readonly lists: Lists;
    readonly profiles: Profiles;
    // Everyone but oneself.
    readonly neighbours: readonly Shown[] = $derived.by(() => this.everyone());
    readonly others = $derived(this.neighbours.filter((n) => !n.pending).length);
    // Said to those who do not see the page.
    said = $state("");
    // Whether all that was there at the start has come.
    settled = $state(false);

    private readonly rooms: Neighbours;
    private readonly places = new Places(calmMs);
    private moves = $state(0);
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(readonly session: Session) {
        this.lists = new Lists(session);
        this.profiles = new Profiles(session);
        this.rooms = new Neighbours(session, () => void this.lists.refresh().catch(() => {}));
        session.hears.presence.add((userId, content) => this.rooms.heard(userId, content));
        session.hears.toDevice.add((type) => this.lists.heard(type));
    }

    // The light of somebody as far as this page knows: none without a connection.
    light(person: Pick<Person, "state"> | undefined): Light {
        return this.session.connection.live ? (person?.state ?? "offline") : "unknown";
    }

    // The connection is there, the first time or again.
    async refresh(): Promise<void> {
        const joined = this.session.client.getRooms().filter((room) => room.getMyMembership() === "join");
        await Promise.allSettled([
            this.lists.refresh(),
            this.rooms.readMembers(joined.map((room) => room.roomId)),
        ]);
        this.settled = true;
    }

    rows(wanted: (n: Shown) => boolean): Row<Shown>[] {
        void this.moves;
        const now = Date.now();
        // Without a connection everybody stays where they were.
        const live = this.session.connection.live;
        const rows = rowsOf(this.neighbours.filter(wanted), (n) =>
            live || n.pending ? this.places.place(n, now) : this.places.standing(n),
        );
        if (live && this.places.moving) {
            this.timer ??= setTimeout(() => {
                this.timer = undefined;
                this.moves++;
            }, calmMs);
        }
        return rows;
    }

    stop(): void {
        clearTimeout(this.timer);
        this.lists.stop();
        this.rooms.stop();
    }

    private everyone(): Shown[] {
        const { people, userId: self } = this.session;
        const listed = new Map(this.lists.entries.map((e) => [e.userId, e.accepted]));
        const all: Shown[] = [];
        for (const person of people.people.values()) {
            if (person.userId !== self) {
                all.push({
                    ...person,
                    light: this.light(person),
                    listed: listed.get(person.userId) === true,
                    pending: false,
                });
            }
        }
        for (const [userId, accepted] of listed) {
            if (!people.people.has(userId)) {
                all.push({
                    userId,
                    light: this.session.connection.live ? "offline" : "unknown",
                    listed: accepted,
                    pending: !accepted,
                    currentlyActive: false,
                });
            }
        }
        return all;
    }
}
