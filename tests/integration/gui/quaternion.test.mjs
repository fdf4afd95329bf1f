// Quaternion as Debian ships it, on a screen without a monitor, logged in by its own settings file.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { presenceOf, Server } from "../js/server.mjs";
import { Display } from "./display.mjs";

const server = new Server(["presence.offline_grace=500ms"]);
const display = new Display();
let nora, bob, since, empty;

before(async () => {
    await server.start();
    nora = await server.register("nora");
    bob = await server.register("bob");
    await server.room(bob, nora);
    since = (await server.sync(bob)).next_batch;
    await display.start();
    const account = "%40nora%3Aporch.test";
    const settings = ["[Accounts]", `${account}\\homeserver=${server.url}`, `${account}\\keep_logged_in=true`,
        `${account}\\device_id=${nora.device}`, `${account}\\device_name=tests`, ""].join("\n");
    display.write(".config/Quotient/quaternion.conf", settings);
    // There is no keychain here; it then looks for the token in a file.
    display.write(".local/share/Quotient/quaternion/@nora_porch.test", nora.token);
});

after(async () => {
    await display.end();
    await server.end();
});

test("Quaternion syncs: its user is online for bob", async () => {
    empty = display.shoot("quaternion-0-before");
    display.run("quaternion");
    await display.shot("quaternion-1-started", (c) => c > empty + 50);
    const { next } = await server.syncUntil(bob, since, presenceOf(nora, (c) => c.presence === "online"), 15000);
    since = next;
});

// Its user list has no states, but an icon with a green spot for each who has joined.
function joined(name, y) {
    const [red, green] = display.colour(name, 639, y);
    return green > 0.6 && red < 0.5;
}

test("it shows both members, and the history without a complaint", async () => {
    await display.shot("quaternion-2-room",
        () => joined("quaternion-2-room", 103) && joined("quaternion-2-room", 134));
    // A box with what the server refused would be grey here, over the white timeline.
    await display.shot("quaternion-2-room", () => display.colour("quaternion-2-room", 520, 145)[0] === 1);
});

test("when Quaternion is closed its user is offline", async () => {
    await display.close("SIGTERM");
    await server.syncUntil(bob, since, presenceOf(nora, (c) => c.presence === "offline"), 10000);
});
