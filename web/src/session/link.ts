// Whether what the page shows is what the server says. Pure: time comes in as an argument.
// `lost` says since when, and nothing is guessed to be fine.
export type Link = { state: "starting" } | { state: "live" } | { state: "lost"; since: number };

// A poll that failed is asked again at once; only when that fails, too, or takes this long, it is said.
const patienceMs = 3000;
// A poll is answered after half a minute at the latest. Nothing for this long: the network went without
// a word, or the computer slept. (Timers alone say nothing: browsers delay those of hidden tabs.)
const silenceMs = 45_000;

export class LinkJudge {
    link: Link = { state: "starting" };
    private lastGood: number;
    private doubtSince: number | undefined;

    constructor(now: number) {
        this.lastGood = now;
    }

    // What the library says of its polls.
    heard(state: string, now: number): void {
        if (state === "PREPARED" || state === "SYNCING") {
            this.lastGood = now;
            this.doubtSince = undefined;
            if (this.link.state !== "live") {
                this.link = { state: "live" };
            }
        } else if (state === "ERROR") {
            this.lose();
        } else if (state === "RECONNECTING") {
            this.doubtSince ??= now;
        }
    }

    // True: the poll in flight is not worth waiting for.
    beat(now: number): boolean {
        if (this.doubtSince !== undefined && now - this.doubtSince >= patienceMs) {
            this.lose();
        }
        if (this.link.state === "live" && now - this.lastGood > silenceMs) {
            this.lose();
            return true;
        }
        return false;
    }

    lose(): void {
        this.doubtSince = undefined;
        if (this.link.state !== "lost") {
            this.link = { state: "lost", since: this.lastGood };
        }
    }
}
