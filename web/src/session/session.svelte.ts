import type { MatrixClient } from "matrix-js-sdk";
import type { Login } from "./account";
import type { State } from "./book";
import { Connection } from "./connection.svelte";
import { Presences } from "./presence.svelte";
import { Requests } from "./requests";

// What a device can ask to be shown as.
export type Asked = State;

const askedKey = "porchlight.asked";
const unhideKey = "io.porchlight.unhide";
const expiresKey = "io.porchlight.status_expires_at";
const pollMs = 30_000;

function isAsked(word: string | null): word is Asked {
    return ["online", "free_for_chat", "unavailable", "busy", "offline", "hidden"].includes(word ?? "");
}

// A running login: the client with its polls, the people it sees, what this device asks for.
// All tabs of a browser are one device; what one of them asks for, the others state, too.
export class Session {
    readonly people = new Presences();
    readonly connection = new Connection(() => this.requests.freshen());
    // What its person chose, by this page in this browser. Idleness does not change it.
    asked: Asked = $state("online");
    // What the polls carry: `asked`, or `unavailable` while idle.
    private stated: State | undefined;

    private constructor(
        readonly client: MatrixClient,
        readonly userId: string,
        readonly deviceId: string,
        private readonly requests: Requests,
    ) {}

    // The Matrix library is loaded here, when somebody is logged in.
    static async start(login: Login, loggedOut: (sentence: string) => void): Promise<Session> {
        const sdk = await import("./sdk");
        const requests = new Requests();
        const client = sdk.clientOf(login, requests.fetch);
        const session = new Session(client, login.userId, login.deviceId, requests);
        const asked = localStorage.getItem(askedKey);
        session.asked = isAsked(asked) ? asked : "online";
        sdk.listen(client, {
            presence: (userId, content) => session.people.receive(userId, content),
            sync: (state) => session.connection.heard(state, Date.now()),
            loggedOut: () => {
                session.stop();
                loggedOut("The server ended this login. Please log in again.");
            },
        });
        window.addEventListener("storage", session.onStorage);
        session.setPresence(session.asked === "hidden" ? "online" : session.asked);
        void client.startClient(sdk.startOptions(pollMs)).then(() => session.carry());
        return session;
    }

    // How the server shows its person to themselves: all devices together.
    get own() {
        return this.people.person(this.userId);
    }

    // What the polls say from now on (the next one first): for the idle timer. The state that is in
    // force until then is changed by put().
    setPresence(state: Exclude<State, "hidden">): void {
        this.stated = state;
        this.carry();
    }

    // Tells the server at once what this device states, leaving the text as it is.
    async put(state: State): Promise<void> {
        await this.putStatus({ presence: state });
    }

    // Its person chose. The choice holds for all tabs, and after a reload.
    async choose(state: Asked): Promise<void> {
        const hidden = this.people.latest(this.userId)?.state === "hidden";
        const before = this.asked;
        this.ask(state);
        localStorage.setItem(askedKey, state);
        try {
            await this.putStatus({
                presence: state,
                ...(hidden && state !== "hidden" ? { [unhideKey]: true } : {}),
            });
        } catch (error) {
            this.ask(before);
            localStorage.setItem(askedKey, before);
            throw error;
        }
    }

    // "" clears the text. `until`: ms since the epoch, when it clears itself.
    async setText(text: string, until?: number): Promise<void> {
        await this.putStatus({
            presence: this.people.latest(this.userId)?.state === "hidden" ? "hidden" : this.asked,
            status_msg: text,
            ...(text !== "" && until !== undefined ? { [expiresKey]: until } : {}),
        });
    }

    // Ends the polls and forgets nothing: the login stays good.
    stop(): void {
        window.removeEventListener("storage", this.onStorage);
        this.connection.stop();
        this.client.stopClient();
    }

    private ask(state: Asked): void {
        this.asked = state;
        this.setPresence(state === "hidden" ? "online" : state);
    }

    private carry(): void {
        // The library's type knows the three states of today's specification.
        void this.client.setSyncPresence(this.stated as never);
    }

    private async putStatus(body: Record<string, unknown>): Promise<void> {
        const path = `/presence/${encodeURIComponent(this.userId)}/status`;
        await this.client.http.authedRequest("PUT" as never, path, undefined, body);
    }

    private readonly onStorage = (event: StorageEvent): void => {
        if (event.key === askedKey && isAsked(event.newValue) && event.newValue !== this.asked) {
            this.ask(event.newValue);
        }
    };
}
