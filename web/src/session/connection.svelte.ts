// Whether what the page shows is what the server says. `lost` since a time, never guessed to be fine.
export type Link = { state: "starting" } | { state: "live" } | { state: "lost"; since: number };

// A poll that failed is asked again at once; only when that fails, too, or takes this long, it is said.
const patienceMs = 3000;
// A poll is answered after half a minute at the latest. Nothing for this long: the network went without
// a word, or the computer slept. (Timers alone say nothing: browsers delay those of hidden tabs.)
const silenceMs = 45_000;
const beatMs = 5000;

export class Connection {
    link: Link = $state.raw({ state: "starting" });

    private lastGood = Date.now();
    private doubt: ReturnType<typeof setTimeout> | undefined;
    private readonly beat: ReturnType<typeof setInterval>;

    // `freshen` gives up the poll in flight, so that the next one tells how things are.
    constructor(private readonly freshen: () => void) {
        this.beat = setInterval(this.onBeat, beatMs);
        window.addEventListener("offline", this.onOffline);
        document.addEventListener("visibilitychange", this.onBeat);
    }

    get live(): boolean {
        return this.link.state === "live";
    }

    // What the library says of its polls.
    heard(state: string, now: number): void {
        clearTimeout(this.doubt);
        this.doubt = undefined;
        if (state === "PREPARED" || state === "SYNCING") {
            this.lastGood = now;
            if (!this.live) {
                this.link = { state: "live" };
            }
        } else if (state === "ERROR") {
            this.lose();
        } else if (state === "RECONNECTING") {
            this.doubt = setTimeout(() => this.lose(), patienceMs);
        }
    }

    stop(): void {
        clearInterval(this.beat);
        clearTimeout(this.doubt);
        window.removeEventListener("offline", this.onOffline);
        document.removeEventListener("visibilitychange", this.onBeat);
    }

    private lose(): void {
        if (this.link.state !== "lost") {
            this.link = { state: "lost", since: this.lastGood };
        }
    }

    private readonly onOffline = (): void => this.lose();

    private readonly onBeat = (): void => {
        if (this.live && Date.now() - this.lastGood > silenceMs) {
            this.lose();
            this.freshen();
        }
    };
}
