// The one place that loads matrix-js-sdk as code; everything else uses its types. Loaded when needed.
import {
    ClientEvent,
    createClient,
    HttpApiEvent,
    type IStartClientOpts,
    type MatrixClient,
    PendingEventOrdering,
    type SyncState,
} from "matrix-js-sdk";
import type { Login } from "./account";

// What matters is shown on the page; the library's diary is nobody's.
const quiet = {
    trace: () => {},
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: () => {},
    getChild: () => quiet,
};

export function clientOf(login: Login, fetchFn: typeof fetch): MatrixClient {
    return createClient({
        baseUrl: location.origin,
        userId: login.userId,
        deviceId: login.deviceId,
        accessToken: login.accessToken,
        fetchFn,
        logger: quiet,
        disableVoip: true,
        timelineSupport: true,
    });
}

export function startOptions(pollTimeout: number): IStartClientOpts {
    return {
        initialSyncLimit: 10,
        lazyLoadMembers: true,
        pendingEventOrdering: PendingEventOrdering.Chronological,
        pollTimeout,
    };
}

export interface Hears {
    presence(userId: string | undefined, content: unknown): void;
    toDevice(type: string): void;
    sync(state: SyncState): void;
    loggedOut(): void;
}

export function listen(client: MatrixClient, hears: Hears): void {
    client.on(ClientEvent.Event, (event) => {
        if (event.getType() === "m.presence") {
            hears.presence(event.getSender(), event.getContent());
        }
    });
    client.on(ClientEvent.ReceivedToDeviceMessage, (payload) =>
        hears.toDevice(payload.message.type),
    );
    client.on(ClientEvent.Sync, (state) => hears.sync(state));
    client.on(HttpApiEvent.SessionLoggedOut, () => hears.loggedOut());
}
