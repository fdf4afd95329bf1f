// What a conversation shows of a room's events. Pure: events come in as plain facts.

export interface Fact {
    id: string; // one of its own, and always the same
    type: string;
    sender: string;
    name: string;
    ts: number;
    content: Record<string, unknown>;
    before?: Record<string, unknown>; // of a state event: the content it replaced
    stateKey?: string;
    targetName?: string; // of a member event: whose it is
    redacted: boolean;
    sending?: "sending" | "failed";
}

export interface Message {
    kind: "message";
    key: string;
    sender: string;
    name: string;
    ts: number;
    body: string;
    style: "text" | "emote" | "aside"; // aside: by a bot, or in place of what this page can't show
    sending?: "sending" | "failed";
    first: boolean; // begins what somebody says in one go
}

export type Entry =
    | { kind: "day"; key: string; ts: number }
    | { kind: "note"; key: string; ts: number; text: string }
    | Message;

export const unreadable = "An encrypted message. This page cannot read it.";
const togetherMs = 5 * 60_000;

function text(value: unknown): string {
    return typeof value === "string" ? value : "";
}

const attachments: Record<string, string> = {
    "m.image": "a picture",
    "m.video": "a video",
    "m.audio": "a recording",
    "m.file": "a file",
    "m.location": "a place",
};

function messageOf(fact: Fact): { body: string; style: Message["style"] } {
    if (fact.redacted) {
        return { body: "This message was removed.", style: "aside" };
    }
    if (fact.type === "m.room.encrypted") {
        return { body: unreadable, style: "aside" };
    }
    const body = text(fact.content["body"]);
    const msgtype = text(fact.content["msgtype"]);
    if (msgtype === "m.emote") {
        return { body, style: "emote" };
    }
    const attachment = attachments[msgtype];
    if (attachment) {
        return { body: `Sent ${attachment}${body ? `: ${body}` : ""}`, style: "aside" };
    }
    return { body: body || "An empty message.", style: msgtype === "m.notice" || !body ? "aside" : "text" };
}

function memberNote(fact: Fact): string | undefined {
    const now = text(fact.content["membership"]);
    const before = text(fact.before?.["membership"]);
    const whose = fact.targetName ?? fact.stateKey ?? "";
    const own = fact.sender === fact.stateKey;
    if (now === "join" && before === "join") {
        const [old, name] = [text(fact.before?.["displayname"]), text(fact.content["displayname"])];
        return old !== name && name ? `${old || fact.stateKey} is now called ${name}` : undefined;
    }
    if (now === "join") {
        return `${whose} came in`;
    }
    if (now === "invite") {
        return `${fact.name} invited ${whose}`;
    }
    if (now === "knock") {
        return `${whose} knocks at the door`;
    }
    if (now === "ban") {
        return `${fact.name} banned ${whose}`;
    }
    if (now !== "leave") {
        return undefined;
    }
    if (before === "invite") {
        return own ? `${whose} declined the invitation` : `${fact.name} took back the invitation of ${whose}`;
    }
    if (before === "ban") {
        return `${fact.name} lifted the ban of ${whose}`;
    }
    return own ? `${whose} left` : `${fact.name} removed ${whose}`;
}

function noteOf(fact: Fact): string | undefined {
    switch (fact.type) {
        case "m.room.member":
            return memberNote(fact);
        case "m.room.create":
            return `${fact.name} made this room`;
        case "m.room.name":
            return text(fact.content["name"])
                ? `${fact.name} named the room ${text(fact.content["name"])}`
                : `${fact.name} took the room's name away`;
        case "m.room.topic":
            return `${fact.name} set the topic: ${text(fact.content["topic"])}`;
        case "m.room.encryption":
            return `${fact.name} made this room encrypted: this page cannot read what is written from here on`;
        default:
            return undefined;
    }
}

function isMessage(fact: Fact): boolean {
    const relation = fact.content["m.relates_to"] as { rel_type?: unknown } | undefined;
    return (
        (fact.type === "m.room.message" || fact.type === "m.room.encrypted" || fact.type === "m.sticker") &&
        // What edits a message is shown in that message.
        relation?.rel_type !== "m.replace"
    );
}

function dayOf(ts: number): string {
    const date = new Date(ts);
    return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

// In the order of the room, with a line where a day begins.
export function entriesOf(facts: readonly Fact[]): Entry[] {
    const entries: Entry[] = [];
    let day = "";
    let last: Message | undefined;
    for (const fact of facts) {
        const note = isMessage(fact) ? undefined : noteOf(fact);
        if (!isMessage(fact) && !note) {
            continue;
        }
        if (dayOf(fact.ts) !== day) {
            day = dayOf(fact.ts);
            // A day may come again where servers' clocks differ.
            entries.push({ kind: "day", key: `day ${day} ${fact.id}`, ts: fact.ts });
            last = undefined;
        }
        if (note) {
            entries.push({ kind: "note", key: fact.id, ts: fact.ts, text: note });
            last = undefined;
            continue;
        }
        const message: Message = {
            kind: "message",
            key: fact.id,
            sender: fact.sender,
            name: fact.name,
            ts: fact.ts,
            ...messageOf(fact),
            sending: fact.sending,
            first: last?.sender !== fact.sender || fact.ts - last.ts > togetherMs,
        };
        entries.push(message);
        last = message;
    }
    return entries;
}

// One line for the list of rooms: the last that was said, or else the last that happened.
export function lastLine(entries: readonly Entry[], self: string): { text: string; ts: number } | undefined {
    const said = entries.findLast((entry) => entry.kind === "message");
    const entry = said ?? entries.findLast((other) => other.kind === "note");
    if (!entry) {
        return undefined;
    }
    if (entry.kind === "note") {
        return { text: entry.text, ts: entry.ts };
    }
    const who = entry.sender === self ? "You" : entry.name;
    const line = entry.style === "emote" ? `${entry.name} ${entry.body}` : `${who}: ${entry.body}`;
    return { text: line.replace(/\s+/g, " "), ts: entry.ts };
}
