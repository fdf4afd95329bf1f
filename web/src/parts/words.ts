// Words and signs for people and their states.
export type Light =
    "online" | "unavailable" | "offline" | "free_for_chat" | "busy" | "hidden" | "unknown";

const lights: Record<Light, string> = {
    free_for_chat: "Free for chat",
    online: "Home",
    busy: "Busy",
    unavailable: "Away",
    offline: "Not home",
    hidden: "Hidden",
    unknown: "Unknown",
};

export function lightWord(light: Light): string {
    return lights[light];
}

// "alice" of "@alice:porch.test".
export function localpart(userId: string): string {
    const colon = userId.indexOf(":");
    return userId.slice(userId.startsWith("@") ? 1 : 0, colon < 0 ? undefined : colon);
}

export function serverOf(userId: string): string {
    const colon = userId.indexOf(":");
    return colon < 0 ? "" : userId.slice(colon + 1);
}

export function nameOf(userId: string, displayName?: string): string {
    return displayName?.trim() || localpart(userId);
}

const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });

// One or two letters for who has no picture.
export function initials(name: string): string {
    const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
    const first = (word: string) => {
        const start = word.search(/[\p{L}\p{N}]/u);
        const [letter] = segments.segment(word.slice(start));
        return letter?.segment ?? "";
    };
    const [one, ...more] = words;
    const last = more.at(-1);
    return ((one ? first(one) : "?") + (last ? first(last) : "")).toLocaleUpperCase();
}

// A colour of one's door, the same on every device: 0 to 7.
export function doorColour(userId: string): number {
    let hash = 0x811c9dc5;
    for (const letter of userId) {
        hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193);
    }
    return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 29;
}

export function isUserId(text: string): boolean {
    return /^@[^\s:@]+:[^\s/]+$/u.test(text) && new TextEncoder().encode(text).length <= 255;
}
