// Cases of keys for encryption, key backups, and messages to devices.
import { generateKeyPairSync, sign } from "node:crypto";

// JSON as it is signed: sorted names, no white space.
function canonical(v) {
    if (Array.isArray(v)) return `[${v.map(canonical).join(",")}]`;
    if (v === null || typeof v !== "object") return JSON.stringify(v);
    return `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${canonical(v[k])}`).join(",")}}`;
}

const unpadded = (bytes) => bytes.toString("base64").replace(/=+$/, "");

class Key {
    constructor() {
        const pair = generateKeyPairSync("ed25519");
        this.secret = pair.privateKey;
        this.public = unpadded(pair.publicKey.export({ type: "spki", format: "der" }).subarray(-32));
    }

    signed(user, name, content) {
        const { signatures = {}, unsigned, ...bare } = content;
        const signature = unpadded(sign(null, Buffer.from(canonical(bare)), this.secret));
        return { ...content, signatures: { [user]: { ...signatures[user], [`ed25519:${name}`]: signature } } };
    }
}

export async function keys(w, { alice, bob }) {
    const token = alice.token;
    const device = new Key();
    const own = device.signed(alice.id, alice.device, {
        user_id: alice.id, device_id: alice.device, algorithms: ["m.olm.v1.curve25519-aes-sha2"],
        keys: { [`ed25519:${alice.device}`]: device.public, [`curve25519:${alice.device}`]: device.public },
    });
    const from = (await w.ok("GET /sync", { token: bob.token })).next_batch;
    await w.ok("POST /keys/upload", { token, body: { device_keys: own,
        one_time_keys: { "signed_curve25519:AAAA": device.signed(alice.id, alice.device, { key: device.public }) } } });
    const forged = { ...own, signatures: { [alice.id]: { [`ed25519:${alice.device}`]: "A".repeat(86) } } };
    await w.no("POST /keys/upload", "400 M_INVALID_PARAM", { token, body: { device_keys: forged } });

    const [master, self] = [new Key(), new Key()];
    const crossed = (usage, key) =>
        ({ user_id: alice.id, usage: [usage], keys: { [`ed25519:${key.public}`]: key.public } });
    const cross = (m) => ({ master_key: crossed("master", m),
        self_signing_key: m.signed(alice.id, m.public, crossed("self_signing", self)) });
    await w.ok("POST /keys/device_signing/upload", { token, body: cross(master) });
    await w.no("POST /keys/device_signing/upload", "401 flows", { token, body: cross(new Key()) });
    const { signatures, ...bare } = own;
    await w.ok("POST /keys/signatures/upload", { token, body: { [alice.id]: {
        [alice.device]: { ...self.signed(alice.id, self.public, bare) }, NOSUCH: bare } } });
    await w.ok("POST /keys/query", { token, body: { device_keys: { [alice.id]: [], [bob.id]: [] } } });
    await w.no("POST /keys/query", "400 M_BAD_JSON", { token, body: { device_keys: 7 } });
    const claim = { one_time_keys: { [alice.id]: { [alice.device]: "signed_curve25519" } } };
    await w.ok("POST /keys/claim", { token: bob.token, body: claim });
    await w.no("POST /keys/claim", "400 M_BAD_JSON", { token: bob.token, body: { one_time_keys: 7 } });
    await w.ok("GET /keys/changes", { token: bob.token, query: { from, to: from } });
    await w.no("GET /keys/changes", "400 M_MISSING_PARAM", { token: bob.token });
    await w.ok("PUT /sendToDevice/{eventType}/{txnId}", { token, params: { eventType: "org.example.ring", txnId: "1" },
        body: { messages: { [bob.id]: { "*": { ring: true } } } } });
    await backups(w, token, bob.token);
}

// `none` is of somebody who has made no backup.
async function backups(w, token, none) {
    await w.no("GET /room_keys/version", "404 M_NOT_FOUND", { token });
    const wish = { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data: { public_key: "abc", signatures: {} } };
    const old = (await w.ok("POST /room_keys/version", { token, body: wish })).version;
    await w.no("POST /room_keys/version", "400 M_BAD_JSON", { token, body: { algorithm: 7 } });
    const { version } = await w.ok("POST /room_keys/version", { token, body: wish });
    await w.ok("GET /room_keys/version", { token });
    await w.ok("GET /room_keys/version/{version}", { token, params: { version } });
    await w.ok("PUT /room_keys/version/{version}", { token, params: { version }, body: { ...wish, version } });
    for (const method of ["GET", "PUT", "DELETE"]) {
        await w.no(`${method} /room_keys/version/{version}`, "404 M_NOT_FOUND",
            { token, params: { version: "4711" }, body: wish });
    }
    const data = { first_message_index: 0, forwarded_count: 0, is_verified: false, session_data: { ciphertext: "c" } };
    const room = { sessions: { s1: data } };
    const params = { roomId: "!room:porch.test", sessionId: "s1" };
    const at = (wanted) => ({ token, params, query: { version: wanted } });
    for (const [path, body] of [["/room_keys/keys", { rooms: { [params.roomId]: room } }],
        ["/room_keys/keys/{roomId}", room], ["/room_keys/keys/{roomId}/{sessionId}", data]]) {
        await w.ok(`PUT ${path}`, { ...at(version), body });
        await w.no(`PUT ${path}`, "403 M_WRONG_ROOM_KEYS_VERSION", { ...at(old), body });
        await w.ok(`GET ${path}`, at(version));
        await w.ok(`DELETE ${path}`, at(version));
        for (const method of ["GET", "PUT", "DELETE"]) {
            await w.no(`${method} ${path}`, "404 M_NOT_FOUND", { ...at("1"), token: none, body });
        }
    }
    await w.ok("DELETE /room_keys/version/{version}", { token, params: { version: old } });
}
