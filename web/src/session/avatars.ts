// Pictures by authenticated media, as addresses for <img>. At most `kept` are held; the oldest used
// goes first. (More than are ever on the screen, so that none is taken from under an <img>.)
const kept = 400;
const atOnce = 4;
const bytesMax = 2 << 20;
const retryMs = 5 * 60_000;

interface Entry {
    url: Promise<string | undefined>;
    at: number;
    failed: boolean;
}

export function mediaPath(mxc: string): string | undefined {
    const match = /^mxc:\/\/([^/?#]+)\/([A-Za-z0-9_=-]+)$/.exec(mxc);
    return match ? `${encodeURIComponent(match[1]!)}/${match[2]!}` : undefined;
}

export class Avatars {
    private readonly entries = new Map<string, Entry>();
    private waiting: (() => void)[] = [];
    private running = 0;

    constructor(private readonly token: () => string | null) {}

    readonly load = (mxc: string): Promise<string | undefined> => {
        let entry = this.entries.get(mxc);
        if (entry?.failed && Date.now() - entry.at > retryMs) {
            entry = undefined;
        }
        if (!entry) {
            const made: Entry = { url: Promise.resolve(undefined), at: Date.now(), failed: false };
            made.url = this.fetch(mxc).catch(() => {
                made.failed = true;
                return undefined;
            });
            entry = made;
        }
        this.entries.delete(mxc);
        this.entries.set(mxc, entry);
        this.shorten(kept);
        return entry.url;
    };

    clear(): void {
        this.shorten(0);
    }

    private shorten(to: number): void {
        for (const [mxc, entry] of this.entries) {
            if (this.entries.size <= to) {
                return;
            }
            this.entries.delete(mxc);
            void entry.url.then((url) => url && URL.revokeObjectURL(url));
        }
    }

    private async fetch(mxc: string): Promise<string | undefined> {
        const path = mediaPath(mxc);
        if (!path) {
            return undefined;
        }
        if (this.running >= atOnce) {
            await new Promise<void>((resolve) => this.waiting.push(resolve));
        }
        this.running++;
        try {
            const response = await fetch(
                `/_matrix/client/v1/media/thumbnail/${path}?width=192&height=192&method=crop`,
                { headers: { Authorization: `Bearer ${this.token() ?? ""}` } },
            );
            const blob = response.ok ? await response.blob() : undefined;
            const shown =
                blob && /^image\/(png|jpeg|gif|webp)/.test(blob.type) && blob.size <= bytesMax;
            if (!shown) {
                throw new Error("no picture");
            }
            return URL.createObjectURL(blob);
        } finally {
            this.running--;
            this.waiting.shift()?.();
        }
    }
}
