// Cases of rooms, their state, messages, the directory, reading, and the streams.
const nowhere = "!nowhere:porch.test";
const no_event = "$nothing";

export async function rooms(w, { alice, bob }) {
    const token = alice.token;
    const made = await w.ok("POST /createRoom", { token, body: { preset: "public_chat", name: "Porch",
        room_alias_name: "porch", visibility: "public", topic: "who is home" } });
    await w.no("POST /createRoom", "400 M_ROOM_IN_USE", { token, body: { room_alias_name: "porch" } });
    await w.no("POST /createRoom", "400 M_UNSUPPORTED_ROOM_VERSION", { token, body: { room_version: "999" } });
    const roomId = made.room_id;
    const closed = (await w.ok("POST /createRoom", { token, body: { preset: "private_chat" } })).room_id;
    await membership(w, { alice, bob, roomId, closed });
    await state(w, { alice, bob, roomId, closed });
    await messages(w, { alice, bob, roomId, closed });
    await directory(w, { alice, bob, roomId, closed });
    await streams(w, { alice, bob, roomId, closed });
}

async function membership(w, { alice, bob, roomId, closed }) {
    const token = alice.token;
    const user_id = bob.id;
    await w.ok("POST /join/{roomIdOrAlias}", { token: bob.token, params: { roomIdOrAlias: "#porch:porch.test" } });
    await w.no("POST /join/{roomIdOrAlias}", "403 M_FORBIDDEN", { token: bob.token, params: { roomIdOrAlias: closed } });
    await w.no("POST /join/{roomIdOrAlias}", "404 M_NOT_FOUND",
        { token: bob.token, params: { roomIdOrAlias: "#none:porch.test" } });
    await w.ok("POST /rooms/{roomId}/join", { token: bob.token, params: { roomId } });
    await w.no("POST /rooms/{roomId}/join", "403 M_FORBIDDEN", { token: bob.token, params: { roomId: closed } });
    const knocked = (await w.ok("POST /createRoom", { token, body: { initial_state:
        [{ type: "m.room.join_rules", state_key: "", content: { join_rule: "knock" } }] } })).room_id;
    await w.ok("POST /knock/{roomIdOrAlias}", { token: bob.token, params: { roomIdOrAlias: knocked } });
    await w.no("POST /knock/{roomIdOrAlias}", "403 M_FORBIDDEN", { token: bob.token, params: { roomIdOrAlias: closed } });
    await w.no("POST /knock/{roomIdOrAlias}", "404 M_NOT_FOUND",
        { token: bob.token, params: { roomIdOrAlias: "#none:porch.test" } });

    await w.no("POST /rooms/{roomId}/forget", "400 M_BAD_STATE", { token: bob.token, params: { roomId } });
    for (const what of ["invite", "kick", "ban", "unban"]) {
        await w.no(`POST /rooms/{roomId}/${what}`, "403 M_FORBIDDEN",
            { token: bob.token, params: { roomId: closed }, body: { user_id: alice.id } });
    }
    for (const what of ["invite", "kick", "ban", "unban"]) {
        await w.ok(`POST /rooms/{roomId}/${what}`, { token, params: { roomId: closed }, body: { user_id } });
    }
    await w.ok("POST /rooms/{roomId}/invite", { token, params: { roomId: closed }, body: { user_id } });
    await w.ok("POST /rooms/{roomId}/leave", { token: bob.token, params: { roomId: closed } });
    await w.ok("POST /rooms/{roomId}/forget", { token: bob.token, params: { roomId: closed } });
    await w.ok("GET /joined_rooms", { token });
}

async function state(w, { alice, bob, roomId, closed }) {
    const token = alice.token;
    const type = "m.room.topic";
    for (const what of ["members", "joined_members", "state"]) {
        await w.ok(`GET /rooms/{roomId}/${what}`, { token, params: { roomId } });
        await w.no(`GET /rooms/{roomId}/${what}`, "403 M_FORBIDDEN", { token: bob.token, params: { roomId: closed } });
    }
    for (const path of ["/rooms/{roomId}/state/{type}", "/rooms/{roomId}/state/{type}/",
        "/rooms/{roomId}/state/{type}/{stateKey}"]) {
        const keyed = path.endsWith("{stateKey}");
        const at = (type, roomId) => ({ params: { roomId, type, stateKey: "key" } });
        await w.ok(`PUT ${path}`, { token, ...at(keyed ? "org.example.s" : type, roomId), body: { topic: path } });
        await w.no(`PUT ${path}`, "403 M_FORBIDDEN", { token: bob.token, ...at(type, roomId), body: { topic: "no" } });
        await w.ok(`GET ${path}`, { token, ...at(keyed ? "org.example.s" : type, roomId) });
        await w.no(`GET ${path}`, "404 M_NOT_FOUND", { token, ...at("org.example.none", roomId) });
        await w.no(`GET ${path}`, "403 M_FORBIDDEN", { token: bob.token, ...at(type, closed) });
    }
}

async function messages(w, { alice, bob, roomId, closed }) {
    const token = alice.token;
    const body = { msgtype: "m.text", body: "hello" };
    const at = (more) => ({ roomId, type: "m.room.message", txnId: "1", ...more });
    const send = "PUT /rooms/{roomId}/send/{type}/{txnId}";
    const { event_id } = await w.ok(send, { token, params: at(), body });
    await w.no(send, "403 M_FORBIDDEN", { token: bob.token, params: at({ roomId: closed }), body });
    const post = await w.ok("POST /rooms/{roomId}/send/{type}", { token, params: at(), body });
    await w.no("POST /rooms/{roomId}/send/{type}", "403 M_FORBIDDEN",
        { token: bob.token, params: at({ roomId: closed }), body });
    await w.ok("PUT /rooms/{roomId}/redact/{eventId}/{txnId}", { token, params: at({ eventId: post.event_id, txnId: "2" }) });
    const third = await w.ok("POST /rooms/{roomId}/send/{type}", { token, params: at(), body });
    await w.ok("POST /rooms/{roomId}/redact/{eventId}", { token, params: at({ eventId: third.event_id }) });
    for (const path of ["PUT /rooms/{roomId}/redact/{eventId}/{txnId}", "POST /rooms/{roomId}/redact/{eventId}"]) {
        await w.no(path, "403 M_FORBIDDEN", { token: bob.token, params: at({ eventId: event_id, txnId: "3" }) });
    }
    await w.ok("GET /rooms/{roomId}/messages", { token, params: at(), query: { dir: "b", limit: "50" } });
    await w.no("GET /rooms/{roomId}/messages", "403 M_FORBIDDEN",
        { token: bob.token, params: { roomId: closed }, query: { dir: "b" } });
    for (const path of ["GET /rooms/{roomId}/event/{eventId}", "GET /rooms/{roomId}/context/{eventId}",
        "GET /events/{eventId}"]) {
        await w.ok(path, { token, params: at({ eventId: event_id }) });
        await w.no(path, "404 M_NOT_FOUND", { token, params: at({ eventId: no_event }) });
    }
    const typing = { typing: true, timeout: 1000 };
    await w.ok("PUT /rooms/{roomId}/typing/{userId}", { token, params: { roomId, userId: alice.id }, body: typing });
    await w.no("PUT /rooms/{roomId}/typing/{userId}", "403 M_FORBIDDEN",
        { token, params: { roomId, userId: bob.id }, body: typing });
    const receipt = "POST /rooms/{roomId}/receipt/{receiptType}/{eventId}";
    await w.ok(receipt, { token, params: { roomId, receiptType: "m.read", eventId: event_id } });
    await w.no(receipt, "403 M_FORBIDDEN",
        { token: bob.token, params: { roomId: closed, receiptType: "m.read", eventId: event_id } });
    const read = { "m.fully_read": event_id, "m.read": event_id };
    await w.ok("POST /rooms/{roomId}/read_markers", { token, params: { roomId }, body: read });
    await w.no("POST /rooms/{roomId}/read_markers", "403 M_FORBIDDEN",
        { token: bob.token, params: { roomId: closed }, body: read });
}

async function directory(w, { alice, bob, roomId, closed }) {
    const token = alice.token;
    const path = "/directory/room/{roomAlias}";
    const named = (roomAlias) => ({ token, params: { roomAlias } });
    const body = { room_id: roomId };
    await w.ok(`PUT ${path}`, { ...named("#veranda:porch.test"), body });
    await w.no(`PUT ${path}`, "409 M_UNKNOWN", { ...named("#veranda:porch.test"), body });
    await w.no(`PUT ${path}`, "400 M_INVALID_PARAM", { ...named("veranda"), body });
    await w.ok(`GET ${path}`, named("#veranda:porch.test"));
    await w.no(`GET ${path}`, "404 M_NOT_FOUND", named("#none:porch.test"));
    await w.no(`GET ${path}`, "400 M_INVALID_PARAM", named("veranda"));
    await w.ok(`DELETE ${path}`, named("#veranda:porch.test"));
    await w.no(`DELETE ${path}`, "404 M_NOT_FOUND", named("#veranda:porch.test"));
    await w.ok("GET /rooms/{roomId}/aliases", { token, params: { roomId } });
    await w.no("GET /rooms/{roomId}/aliases", "403 M_FORBIDDEN", { token: bob.token, params: { roomId: closed } });
    await w.ok("GET /publicRooms");
    await w.ok("POST /publicRooms", { token, body: { filter: { generic_search_term: "porch" } } });
}

async function streams(w, { alice, bob, roomId, closed }) {
    const token = alice.token;
    const sliding = "POST /org.matrix.simplified_msc3575/sync";
    await w.ok(sliding, { token, body: { lists: { all: { ranges: [[0, 9]], timeline_limit: 1, required_state: [] } } } });
    await w.no(sliding, "400 M_UNKNOWN_POS", { token, query: { pos: "1.1.0~4711" }, body: {} });
    await w.no(sliding, "400 M_BAD_JSON", { token, body: { lists: 7 } });
    const first = await w.ok("GET /sync", { token });
    await w.ok("GET /sync", { token, query: { since: first.next_batch, full_state: "true", timeout: "0" } });
    // Everything a sync can hold at once: bob has left, is invited, knocks, and is told of alice.
    await w.ok("GET /sync", { token: bob.token });
    await w.no("GET /sync", "400 M_INVALID_PARAM", { token, query: { since: "nonsense" } });
    await w.ok("GET /initialSync", { token });
    await w.ok("GET /rooms/{roomId}/initialSync", { token, params: { roomId } });
    await w.no("GET /rooms/{roomId}/initialSync", "403 M_FORBIDDEN", { token: bob.token, params: { roomId: closed } });
    const { end } = await w.ok("GET /events", { token, query: { timeout: "0" } });
    await w.ok("GET /events", { token, query: { timeout: "0", from: end } });
    await w.no("GET /rooms/{roomId}/messages", "403 M_FORBIDDEN",
        { token, params: { roomId: nowhere }, query: { dir: "b" } });
}
