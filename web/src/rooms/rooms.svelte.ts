// The client's rooms as components see them: plain values, renewed at most once a frame.
import type { ClientEvent, MatrixClient, MatrixEvent, Room, RoomMember } from "matrix-js-sdk";
import { nameOf } from "../parts/words";
import { entriesOf, type Entry, type Fact, lastLine } from "./entries";

export interface Summary {
    roomId: string;
    name: string;
    membership: "join" | "invite";
    inviter?: string;
    unread: number;
    last?: { text: string; ts: number };
    encrypted: boolean;
}

export interface Member {
    userId: string;
    name: string;
    avatar?: string;
    invited: boolean;
}

const unseenMs = 250;
// Everything after which a room looks different.
const news = [
    "Room", "deleteRoom", "Room.myMembership", "Room.name", "Room.timeline", "Room.timelineReset",
    "Room.localEchoUpdated", "Room.redaction", "Room.receipt", "RoomState.events", "RoomState.members",
    "RoomMember.name", "sync",
].map((name) => name as ClientEvent.Sync);
const roomEvents = "Room.UnreadNotifications" as never;

export class RoomBook {
    private version = $state(0);
    private scheduled = false;
    private readonly watched = new Set<Room>();
    private readonly receipts = new Map<string, MatrixEvent>();

    constructor(readonly client: MatrixClient) {
        for (const name of news) {
            client.on(name, this.changed);
        }
    }

    end(): void {
        for (const name of news) {
            this.client.off(name, this.changed);
        }
        for (const room of this.watched) {
            room.off(roomEvents, this.changed as never);
        }
    }

    // Invitations first, then rooms by what happened last.
    readonly summaries: Summary[] = $derived.by(() => {
        void this.version;
        const found: Summary[] = [];
        for (const room of this.client.getRooms()) {
            const membership = room.getMyMembership();
            if (membership === "join" || membership === "invite") {
                found.push(this.summary(room, membership));
            }
        }
        const rank = (s: Summary) => (s.membership === "invite" ? 1 : 0);
        return found.sort(
            (a, b) =>
                rank(b) - rank(a) || (b.last?.ts ?? 0) - (a.last?.ts ?? 0) || a.name.localeCompare(b.name),
        );
    });

    summaryOf(roomId: string): Summary | undefined {
        return this.summaries.find((s) => s.roomId === roomId);
    }

    entries(roomId: string): Entry[] {
        void this.version;
        const room = this.client.getRoom(roomId);
        return room ? entriesOf(this.facts(room)) : [];
    }

    topic(roomId: string): string {
        void this.version;
        const event = this.client.getRoom(roomId)?.currentState.getStateEvents("m.room.topic", "");
        const topic: unknown = event?.getContent()["topic"];
        return typeof topic === "string" ? topic : "";
    }

    alias(roomId: string): string | undefined {
        void this.version;
        return this.client.getRoom(roomId)?.getCanonicalAlias() ?? undefined;
    }

    // All of a room come with the first call of loadMembers().
    members(roomId: string): Member[] {
        void this.version;
        const room = this.client.getRoom(roomId);
        const members = [...(room?.getMembersWithMembership("join") ?? []),
            ...(room?.getMembersWithMembership("invite") ?? [])];
        return members
            .map((m) => ({
                userId: m.userId,
                name: nameOf(m.userId, displayName(m)),
                avatar: m.getMxcAvatarUrl(),
                invited: m.membership === "invite",
            }))
            .sort((a, b) => Number(a.invited) - Number(b.invited) || a.name.localeCompare(b.name));
    }

    async loadMembers(roomId: string): Promise<void> {
        await this.client.getRoom(roomId)?.loadMembersIfNeeded();
        this.changed();
    }

    hasEarlier(roomId: string): boolean {
        void this.version;
        return !!this.client.getRoom(roomId)?.oldState.paginationToken;
    }

    async loadEarlier(roomId: string): Promise<void> {
        const room = this.client.getRoom(roomId);
        if (room) {
            await this.client.scrollback(room, 30);
            this.changed();
        }
    }

    async sendAgain(roomId: string, key: string): Promise<void> {
        const room = this.client.getRoom(roomId);
        const event = room?.getLiveTimeline().getEvents().find((e) => keyOf(e) === key);
        if (room && event) {
            await this.client.resendEvent(event, room);
        }
    }

    // Says that all of the room was read. It counts as activity, so only somebody who is there may.
    async read(roomId: string): Promise<void> {
        const events = this.client.getRoom(roomId)?.getLiveTimeline().getEvents() ?? [];
        const last = events.findLast((e) => !e.status);
        if (!last || !this.summaryOf(roomId)?.unread || this.receipts.get(roomId) === last) {
            return;
        }
        // Once for each: the count falls only when the server has it.
        this.receipts.set(roomId, last);
        try {
            await this.client.sendReadReceipt(last);
        } catch (error) {
            this.receipts.delete(roomId);
            throw error;
        }
    }

    private readonly changed = (): void => {
        if (this.scheduled) {
            return;
        }
        this.scheduled = true;
        const flush = () => {
            if (this.scheduled) {
                this.scheduled = false;
                this.version++;
            }
        };
        requestAnimationFrame(flush);
        setTimeout(flush, unseenMs);
    };

    private summary(room: Room, membership: "join" | "invite"): Summary {
        if (!this.watched.has(room)) {
            this.watched.add(room);
            room.on(roomEvents, this.changed as never);
        }
        const self = this.client.getUserId()!;
        const own = room.getMember(self)?.events.member;
        return {
            roomId: room.roomId,
            name: room.name,
            membership,
            inviter: membership === "invite" ? own?.getSender() : undefined,
            unread: room.getUnreadNotificationCount("total" as never),
            last: membership === "join" ? lastLine(entriesOf(this.facts(room)), self) : undefined,
            encrypted: room.hasEncryptionStateEvent(),
        };
    }

    private facts(room: Room): Fact[] {
        return room.getLiveTimeline().getEvents().map((event) => factOf(room, event));
    }
}

// One's own message keeps its key when the server gave it an id.
function keyOf(event: MatrixEvent): string {
    return event.getTxnId() ?? event.getId() ?? "";
}

// Without a name of its own the SDK gives the id.
function displayName(member: RoomMember | null): string | undefined {
    return member && member.rawDisplayName !== member.userId ? member.rawDisplayName : undefined;
}

function factOf(room: Room, event: MatrixEvent): Fact {
    const sender = event.getSender() ?? "";
    const stateKey = event.getStateKey();
    const sending = event.status === "not_sent" ? "failed" : event.status ? "sending" : undefined;
    return {
        id: keyOf(event),
        type: event.getType(),
        sender,
        name: nameOf(sender, displayName(event.sender ?? room.getMember(sender))),
        ts: event.getTs(),
        content: event.getContent(),
        before: event.isState() ? event.getPrevContent() : undefined,
        stateKey,
        targetName: stateKey?.startsWith("@") ? nameOf(stateKey, displayName(event.target)) : undefined,
        redacted: event.isRedacted(),
        // "sent" is on its way back by the poll: it is there.
        sending: event.status === "sent" ? undefined : sending,
    };
}
