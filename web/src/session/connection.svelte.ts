import { LinkJudge, type Link } from "./link";

const beatMs = 1000;

// The state of the connection for components.
export class Connection {
    link: Link = $state.raw({ state: "starting" });

    private readonly judge = new LinkJudge(Date.now());
    private readonly timer: ReturnType<typeof setInterval>;

    // `retry` gives up the poll in flight, or the wait for the next, so that it is seen how things are.
    constructor(readonly retry: () => void) {
        this.timer = setInterval(this.onBeat, beatMs);
        window.addEventListener("offline", this.onOffline);
        window.addEventListener("online", this.retry);
        document.addEventListener("visibilitychange", this.onBeat);
    }

    get live(): boolean {
        return this.link.state === "live";
    }

    // What the library says of its polls.
    heard(state: string): void {
        this.judge.heard(state, Date.now());
        this.link = this.judge.link;
    }

    stop(): void {
        clearInterval(this.timer);
        window.removeEventListener("offline", this.onOffline);
        window.removeEventListener("online", this.retry);
        document.removeEventListener("visibilitychange", this.onBeat);
    }

    private readonly onOffline = (): void => {
        this.judge.lose();
        this.link = this.judge.link;
    };

    private readonly onBeat = (): void => {
        const stale = this.judge.beat(Date.now());
        this.link = this.judge.link;
        if (stale) {
            this.retry();
        }
    };
}
