// nheko as Debian ships it, on a screen without a monitor, logged in by its own settings file.
// The pictures below build/reports/gui are for people to look at.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { presenceOf, Server } from "../js/server.mjs";
import { Display } from "./display.mjs";

const server = new Server(["presence.offline_grace=500ms"]);
const display = new Display();
let nora, bob, room, since;

before(async () => {
    await server.start();
    nora = await server.register("nora");
    bob = await server.register("bob");
    const made = await server.request("POST", "/_matrix/client/v3/createRoom",
        { token: bob.token, body: { name: "Porch", preset: "private_chat", invite: [nora.id], is_direct: true } });
    room = made.body.room_id;
    await server.request("POST", `/_matrix/client/v3/join/${encodeURIComponent(room)}`, { token: nora.token, body: {} });
    await server.request("PUT", `/_matrix/client/v3/user/${encodeURIComponent(nora.id)}/account_data/m.direct`,
        { token: nora.token, body: { [bob.id]: [room] } });
    await say("good evening", "1");
    since = (await server.sync(bob)).next_batch;
    await display.start();
    display.write(".config/nheko/nheko.conf", [
        "[auth]", `access_token=${nora.token}`, `device_id=${nora.device}`, `home_server=${server.url}`,
        `user_id=@${nora.id}`, // Qt's settings double an @ at the beginning
        "[general]", "run_without_secure_secrets_service=true", "[user]", "theme=light", "",
    ].join("\n"));
});

after(async () => {
    await display.end();
    await server.end();
});

async function say(body, id) {
    const r = await server.request("PUT", `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${id}`,
        { token: bob.token, body: { msgtype: "m.text", body } });
    assert.equal(r.status, 200);
}

let empty;

test("nheko syncs: its user is online for bob", async () => {
    empty = display.shoot("nheko-0-before");
    display.run("nheko");
    const { next } = await server.syncUntil(bob, since, presenceOf(nora, (c) => c.presence === "online"), 40000);
    since = next;
});

test("it draws its window", async () => {
    const colours = await display.shot("nheko-1-started", (c) => c > empty + 50);
    assert.ok(colours > empty);
});

// The state that the dot at the room's picture shows: green, orange, grey.
function dot(name) {
    const [red, green, blue] = display.colour(name, 267, 44);
    if (green > 0.6 && red < 0.5) return "online";
    if (red > 0.9 && green < 0.8 && blue < 0.5) return "unavailable";
    return "none";
}

test("it opens the room with bob and shows him online", async () => {
    const window = display.do("search", "--sync", "--onlyvisible", "--class", "nheko").trim().split("\n").at(-1);
    display.do("windowsize", window, "1200", "800");
    display.do("windowmove", window, "0", "0");
    // It offers to set up encryption, in a white box over the dark list; the answer is Cancel.
    const boxed = () => display.colour("nheko-2-greeting", 130, 600)[0] === 1;
    await display.shot("nheko-2-greeting", boxed);
    display.click(1133, 761);
    await display.shot("nheko-2-greeting", () => !boxed());
    display.click(120, 108);
    assert.equal((await server.setStatus(bob, "online", "on the porch")).status, 200);
    await display.shot("nheko-3-online", () => dot("nheko-3-online") === "online");
});

test("bob goes away, and the dot turns", async () => {
    assert.equal((await server.setStatus(bob, "unavailable", "at lunch")).status, 200);
    await say("back in an hour", "2");
    await display.shot("nheko-4-unavailable", () => dot("nheko-4-unavailable") === "unavailable");
});

test("when nheko is closed its user is offline", async () => {
    await display.close("SIGTERM");
    await server.syncUntil(bob, since, presenceOf(nora, (c) => c.presence === "offline"), 20000);
});
