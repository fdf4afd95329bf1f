// Polls the overview and keeps what the page shows of it.
import { AdminApi, ApiError, type Destination, type Overview } from "./api";
import { History, interval } from "./history";

const shownDestinations = 200;

export type Connection = "waiting" | "live" | "lost" | "refused";

export class Watch {
    connection = $state<Connection>("waiting");
    // When the server was last heard, unix ms of this machine; 0: never.
    heard = $state(0);
    trouble = $state("");
    overview = $state.raw<Overview | null>(null);
    destinations = $state.raw<Destination[]>([]);
    moreDestinations = $state(false);
    // Counts the changes of `history`, which is too large to be followed itself.
    version = $state(0);
    readonly history = new History();

    private timer: ReturnType<typeof setTimeout> | undefined;
    private running = false;
    private asking = false;

    constructor(readonly api: AdminApi) {}

    start(): void {
        this.running = true;
        document.addEventListener("visibilitychange", this.onVisibility);
        void this.poll();
    }
    stop(): void {
        this.running = false;
        clearTimeout(this.timer);
        document.removeEventListener("visibilitychange", this.onVisibility);
    }

    // A hidden page asks nothing; shown again it asks at once.
    private onVisibility = (): void => {
        clearTimeout(this.timer);
        if (!document.hidden && this.running) {
            void this.poll();
        }
    };

    private async poll(): Promise<void> {
        if (this.asking) {
            return;
        }
        this.asking = true;
        const begun = performance.now();
        try {
            const [overview, page] = await Promise.all([
                this.api.overview(),
                this.api.destinations(0, shownDestinations),
            ]);
            this.overview = overview;
            this.destinations = page.destinations;
            this.moreDestinations = page.next !== undefined;
            this.history.add(overview, Date.now() / 1000);
            this.heard = Date.now();
            this.connection = "live";
            this.trouble = "";
        } catch (e) {
            this.fail(e);
        }
        ++this.version;
        this.asking = false;
        clearTimeout(this.timer);
        if (this.running && !document.hidden && this.connection !== "refused") {
            const left = interval * 1000 - (performance.now() - begun);
            this.timer = setTimeout(() => void this.poll(), Math.max(left, 100));
        }
    }

    private fail(e: unknown): void {
        const refused =
            e instanceof ApiError && (e.status === 401 || e.status === 403 || e.status === 429);
        const silent = e instanceof ApiError && e.status === 0;
        this.trouble = silent ? "" : e instanceof Error ? e.message : String(e);
        // A token that was good is not thrown away because a proxy is confused: only the first
        // answer decides.
        this.connection = refused && this.heard === 0 ? "refused" : "lost";
        this.history.gap(Date.now() / 1000);
    }
}
