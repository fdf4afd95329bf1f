import type { MatrixClient } from "matrix-js-sdk";
import type { Idle } from "../idle/idle";
import type { Login } from "./account";
import { Avatars } from "./avatars";
import type { Person, State } from "./book";
import { Connection } from "./connection.svelte";
import { Presences } from "./presence.svelte";
import { Requests } from "./requests";

const pollMs = 30_000;
const askedKeyOf = (userId: string) => `porchlight.asked.${userId}`;
const unhideKey = "io.porchlight.unhide";
const expiresKey = "io.porchlight.status_expires_at";
const states: readonly string[] = [
    "online",
    "free_for_chat",
    "unavailable",
    "busy",
    "offline",
    "hidden",
];

function isState(word: string | null): word is State {
    return word !== null && states.includes(word);
}
export const clientApi = "/_matrix/client/v3";
export const listApi = "/_matrix/client/unstable/io.porchlight/presence";

// A running login: the client with its polls, the people it sees, what this device says of itself.
// All tabs of a browser are one device: what its person chose in one of them holds in all.
export class Session {
    readonly people = new Presences();
    readonly avatars: Avatars;
    readonly connection: Connection;
    // What its person chose. Idleness does not change it.
    asked: State = $state("online");
    // Whether this device says that nobody is there.
    idling = $state(false);
    idle: Idle | undefined = $state.raw();
    // What else wants to hear what the polls bring.
    readonly hears = {
        // `appears`: nothing was known of them.
        presence: new Set<
            (userId: string, content: Record<string, unknown>, appears: boolean) => void
        >(),
        toDevice: new Set<(type: string) => void>(),
    };

    private stated: State = "online";
    private hiddenSeen = false;

    private constructor(
        readonly client: MatrixClient,
        readonly userId: string,
        readonly deviceId: string,
        requests: Requests,
    ) {
        this.avatars = new Avatars(() => client.getAccessToken());
        this.connection = new Connection(() => {
            requests.freshen();
            client.retryImmediately();
        });
    }

    // The Matrix library is loaded here, when somebody is logged in.
    static async start(login: Login, loggedOut: (sentence: string) => void): Promise<Session> {
        const [sdk, { startIdle }] = await Promise.all([
            import("./sdk"),
            import("../idle/browser"),
        ]);
        const requests = new Requests();
        const client = sdk.clientOf(login, requests.fetch);
        const session = new Session(client, login.userId, login.deviceId, requests);
        const asked = localStorage.getItem(askedKeyOf(login.userId));
        session.ask(isState(asked) ? asked : "online");
        // What was hidden may have been shown by another device meanwhile.
        session.hiddenSeen = asked === "hidden";
        sdk.listen(client, {
            presence: (userId, content) => session.hear(userId, content),
            toDevice: (type) => session.hears.toDevice.forEach((call) => call(type)),
            sync: (state) => session.connection.heard(state),
            loggedOut: () => loggedOut("The server ended this login. Please log in again."),
        });
        session.begin(startIdle(session));
        void client.startClient(sdk.startOptions(pollMs)).then(() => session.carry());
        return session;
    }

    // How the server shows its person to themselves: all devices together.
    get own(): Person | undefined {
        return this.people.person(this.userId);
    }

    // The choice to show: hiding belongs to the person, whichever device began it.
    get choice(): State {
        return this.own?.state === "hidden" ? "hidden" : this.asked;
    }

    // What the polls say, the next one first. The state in force until then is changed by put().
    setPresence(state: Exclude<State, "hidden">): void {
        this.stated = state;
        this.carry();
    }

    // Tells the server at once what this device states. The text stays as it is.
    async put(state: State): Promise<void> {
        await this.putStatus({ presence: state });
    }

    // Rejects with what sentenceOf() makes words of; then what was chosen before holds.
    async choose(state: State): Promise<void> {
        const before = this.asked;
        const unhides = state !== "hidden" && (before === "hidden" || this.choice === "hidden");
        this.ask(state);
        try {
            await this.putStatus({ presence: state, ...(unhides ? { [unhideKey]: true } : {}) });
        } catch (error) {
            this.ask(before);
            throw error;
        }
    }

    // "" clears the text. `until`: ms since the epoch, when it clears itself.
    async setText(text: string, until?: number): Promise<void> {
        const expires = text !== "" && until !== undefined;
        await this.putStatus({
            presence: this.choice,
            status_msg: text,
            ...(expires ? { [expiresKey]: until } : {}),
        });
    }

    // Rejects with what sentenceOf() makes words of.
    async request<T = unknown>(
        method: "GET" | "PUT" | "POST",
        path: string,
        body?: object,
        prefix = clientApi,
    ): Promise<T> {
        return this.client.http.authedRequest<T>(method as never, path, undefined, body, {
            prefix,
        });
    }

    // The login is over: what was chosen in it, too.
    end(): void {
        this.stop();
        localStorage.removeItem(askedKeyOf(this.userId));
    }

    // Ends the polls. The login itself stays good.
    stop(): void {
        window.removeEventListener("storage", this.onStorage);
        this.idle?.end();
        this.connection.stop();
        this.client.stopClient();
        this.avatars.clear();
    }

    private begin(idle: Idle): void {
        window.addEventListener("storage", this.onStorage);
        const look = () => (this.idling = idle.idle);
        idle.observe(look);
        look();
        this.idle = idle;
    }

    private hear(userId: string | undefined, content: unknown): void {
        if (!userId) {
            return;
        }
        const appears = this.people.latest(userId) === undefined;
        this.people.receive(userId, content);
        this.hears.presence.forEach((call) =>
            call(userId, content as Record<string, unknown>, appears),
        );
        if (userId === this.userId && this.asked === "hidden") {
            // Another device may have ended hiding.
            const hidden = this.people.latest(userId)?.state === "hidden";
            if (this.hiddenSeen && !hidden) {
                this.ask("online");
            }
            this.hiddenSeen = hidden;
        }
    }

    private ask(state: State): void {
        this.hiddenSeen = false;
        this.asked = state;
        localStorage.setItem(askedKeyOf(this.userId), state);
        this.setPresence(state === "hidden" ? "online" : state);
    }

    private carry(): void {
        // The library's type knows the three states of today's specification.
        void this.client.setSyncPresence(this.stated as never);
    }

    private async putStatus(body: object): Promise<void> {
        await this.request("PUT", `/presence/${encodeURIComponent(this.userId)}/status`, body);
    }

    private readonly onStorage = (event: StorageEvent): void => {
        if (
            event.key === askedKeyOf(this.userId) &&
            isState(event.newValue) &&
            event.newValue !== this.asked
        ) {
            this.ask(event.newValue);
        }
    };
}
