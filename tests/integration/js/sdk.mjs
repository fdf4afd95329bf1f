// matrix-js-sdk as it comes, with what Node 20 lacks.
Promise.withResolvers ??= function withResolvers() {
    let resolve, reject;
    const promise = new this((a, b) => ([resolve, reject] = [a, b]));
    return { promise, resolve, reject };
};
const sdk = await import("matrix-js-sdk");
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => quiet };

const { SlidingSync } = await import("matrix-js-sdk/lib/sliding-sync.js");
export const { createClient, UserEvent, ClientEvent, RoomEvent } = sdk;

export function slidingSync(url, lists, client) {
    return new SlidingSync(url, lists, { timeline_limit: 20, required_state: [] }, client, 20000);
}

export async function login(server, name) {
    const anonymous = createClient({ baseUrl: server.url, logger: quiet });
    const r = await anonymous.loginRequest({
        type: "m.login.password",
        identifier: { type: "m.id.user", user: name },
        password: `${name}-secret`,
    });
    return createClient({
        baseUrl: server.url,
        userId: r.user_id,
        accessToken: r.access_token,
        deviceId: r.device_id,
        logger: quiet,
    });
}

export async function start(client) {
    const prepared = new Promise((resolve) => {
        client.on(ClientEvent.Sync, (state) => state === "PREPARED" && resolve());
    });
    await client.startClient({ initialSyncLimit: 5 });
    await prepared;
}

// Resolves when `test` holds for the client's view of a user after a presence event.
export function seen(client, userId, test, limit = 10000) {
    return new Promise((resolve, reject) => {
        const check = () => {
            const user = client.getUser(userId);
            if (user && test(user)) {
                clearTimeout(timer);
                client.off(ClientEvent.Event, check);
                resolve(user);
                return true;
            }
            return false;
        };
        const timer = setTimeout(() => {
            client.off(ClientEvent.Event, check);
            const u = client.getUser(userId);
            reject(new Error(`${userId} was last seen ${u?.presence} "${u?.presenceStatusMsg}"`));
        }, limit);
        if (!check()) client.on(ClientEvent.Event, check);
    });
}
