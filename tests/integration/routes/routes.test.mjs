// Every route of the server, as `porchlight routes` prints them: one test each, which fails when an answer
// does not fit its schema, when no case of it succeeds, when a documented error was not seen, or when
// one was seen that isn't documented.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "../js/server.mjs";
import { accounts } from "./accounts.mjs";
import { devices, refusals } from "./devices.mjs";
import { keys } from "./keys.mjs";
import { legacy_media, media } from "./media.mjs";
import { rooms } from "./rooms.mjs";
import { key_of, routes_of_server, schemas, Walk } from "./walk.mjs";

const server = new Server(["server.public_base_url=https://porch.test"]);
const table = routes_of_server();
let walk;

before(async () => {
    await server.start();
    walk = new Walk(server);
    const world = { server, alice: await server.register("alice"), bob: await server.register("bob") };
    await walk.common(world.alice.token);
    await accounts(walk, world);
    await rooms(walk, world);
    await keys(walk, world);
    await devices(walk, world);
    await media(walk, world);
    await refusals(walk, world);
    await limits_and_absence(walk);
});

// What the server above does not show: a limit that is reached, and no .well-known.
async function limits_and_absence(w) {
    const strict = await new Server(["rate_limits.enabled=true", "media.legacy_reading=true"]).start();
    const usual = w.server;
    w.server = strict;
    try {
        const carol = await strict.register("carol");
        await w.limited("PUT /presence/{userId}/status",
            { prefix: "v3", token: carol.token, params: { userId: carol.id }, body: { presence: "online" } });
        await w.no("GET /.well-known/matrix/client", "404 M_NOT_FOUND");
        await legacy_media(w, carol);
    } finally {
        w.server = usual;
        await strict.end();
    }
}

after(async () => {
    console.log(`routes walked: ${table.length}, responses checked: ${walk?.responses}, errors checked: ${walk?.errors}`);
    await server.end();
});

for (const route of table) {
    test(key_of(route), () => assert.deepEqual(walk.verdict(key_of(route)), []));
}

test("schemas are of routes that exist", () => {
    const known = new Set(table.map(key_of));
    assert.deepEqual(Object.keys(schemas).filter((key) => !known.has(key)), []);
});
