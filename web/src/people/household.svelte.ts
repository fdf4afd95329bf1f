import { Lists } from "../lists/lists.svelte";
import type { Light } from "../parts/words";
import type { Person } from "../session/book";
import { Neighbours } from "../session/neighbours";
import { Profiles } from "../session/profiles.svelte";
import type { Session } from "../session/session.svelte";
import { groupOf, Places, rowsOf, type Group, type Neighbour, type Row } from "./order";

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
    private readonly placed: ReadonlyMap<string, Group> = $derived.by(() => this.place());
    private membersRead = false;
    private moves = $state(0);
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(readonly session: Session) {
        this.lists = new Lists(session);
        this.profiles = new Profiles(session);
        this.rooms = new Neighbours(session, () => void this.lists.refresh().catch(() => {}));
        session.hears.presence.add((userId, content, appears) => {
            this.rooms.heard(userId, content);
            if (appears) {
                this.lists.appeared(userId);
            }
        });
        session.hears.toDevice.add((type) => this.lists.heard(type));
    }

    // The light of somebody as far as this page knows: none without a connection.
    light(person: Pick<Person, "state"> | undefined): Light {
        return this.session.connection.live ? (person?.state ?? "offline") : "unknown";
    }

    // The connection is there, the first time or again. Who is in one's rooms is read once; the
    // polls tell of everything after that.
    async refresh(): Promise<void> {
        this.rooms.retry();
        const joined = this.session.client
            .getRooms()
            .filter((room) => room.getMyMembership() === "join");
        const members = this.membersRead
            ? Promise.resolve()
            : this.rooms.readMembers(joined.map((room) => room.roomId)).then(() => {
                  this.membersRead = true;
              });
        await Promise.allSettled([this.lists.refresh(), members]);
        this.settled = true;
    }

    // Those who are wanted, in the order of the page.
    rows(wanted: (n: Shown) => boolean): Row<Shown>[] {
        const placed = this.placed;
        return rowsOf(this.neighbours.filter(wanted), (n) => placed.get(n.userId) ?? groupOf(n));
    }

    stop(): void {
        clearTimeout(this.timer);
        this.lists.stop();
        this.rooms.stop();
    }

    // Without a connection everybody stays where they were.
    private place(): ReadonlyMap<string, Group> {
        void this.moves;
        const now = Date.now();
        const live = this.session.connection.live;
        const placed = new Map<string, Group>();
        this.places.keep(this.neighbours);
        for (const n of this.neighbours) {
            placed.set(
                n.userId,
                live || n.pending ? this.places.place(n, now) : this.places.standing(n),
            );
        }
        if (live && this.places.moving) {
            this.timer ??= setTimeout(() => {
                this.timer = undefined;
                this.moves++;
            }, calmMs);
        }
        return placed;
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
