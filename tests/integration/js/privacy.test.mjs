// behaviour 3.4: an answer does not tell why somebody is not shown, neither by its bytes nor by the
// time it takes.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";

const server = new Server();
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const unstable = "/_matrix/client/unstable/io.porchlight/presence";
// Names of one length, so that nothing else differs.
const padded = (name) => name.padEnd(8, "x");
let observer;
const people = {};

before(async () => {
    await server.start();
    observer = await server.register("observer");
    const names = ["stranger", "pending", "denying", "revoking", "nobody", "gone"];
    for (const name of [...names, "away", "hidden", "blocking"]) {
        people[name] = await server.register(padded(name));
    }
    people.unknown = { id: `@${padded("unknown")}:porch.test` };
    const asked = Object.entries(people).filter(([name]) => name !== "stranger");
    await call("POST", `/_matrix/client/v3/presence/list/${observer.id}`, observer, {
        invite: asked.map(([, p]) => p.id),
    });
    const says = (name, verb) =>
        call("POST", `${unstable}/invites/${people[name].id}`, people[name], {
            [verb]: [observer.id],
        });
    await says("denying", "deny");
    for (const name of ["revoking", "nobody", "away", "hidden", "blocking"]) {
        await says(name, "accept");
    }
    await says("revoking", "revoke");
    await call("PUT", `${unstable}/policy/${people.nobody.id}`, people.nobody, {
        visibility: "nobody",
    });
    for (const name of ["away", "hidden", "blocking"]) {
        await server.setStatus(people[name], "online", "on the porch");
    }
    await server.setStatus(people.hidden, "hidden");
    await says("blocking", "block");
    await server.setStatus(people.blocking, "free_for_chat", "with others");
    await server.setStatus(people.away, "offline");
    await call("POST", "/_matrix/client/v3/account/deactivate", people.gone, {
        auth: {
            type: "m.login.password",
            identifier: { type: "m.id.user", user: padded("gone") },
            password: `${padded("gone")}-secret`,
        },
    });
});

after(async () => {
    agent.destroy();
    await server.end();
});

async function call(method, path, who, body) {
    const r = await server.request(method, path, { token: who.token, body });
    assert.equal(r.status, 200, `${method} ${path}: ${JSON.stringify(r.body)}`);
    return r.body;
}

// Status line, headers and body as they came, and how long that took in ns.
function ask(path) {
    return new Promise((resolve, reject) => {
        const begin = process.hrtime.bigint();
        const request = http.get(
            server.url + path,
            { agent, headers: { Authorization: `Bearer ${observer.token}` } },
            (response) => {
                let body = "";
                response.on("data", (d) => (body += d));
                response.on("end", () => {
                    const took = Number(process.hrtime.bigint() - begin);
                    const headers = response.rawHeaders.filter((_, i, all) => all[i & ~1] !== "Date");
                    resolve({ took, text: `${response.statusCode} ${headers} ${body}` });
                });
            },
        );
        request.on("error", reject);
    });
}

const status = (name) => ask(`/_matrix/client/v3/presence/${people[name].id}/status`);
const without = ["unknown", "stranger", "pending", "denying", "revoking", "nobody", "gone"];
const offline = ["away", "hidden", "blocking"];

test("whoever has no reason to see a user gets the same bytes as for nobody", async () => {
    const expected = (await status("unknown")).text;
    assert.match(expected, /^404 .*M_NOT_FOUND/);
    for (const name of without) assert.equal((await status(name)).text, expected, name);
});

test("one who hides or blocks looks like one who is offline", async () => {
    const plain = (text) => text.replace(/"last_active_ago":\d+/, "").replace(/Length,\d+/i, "");
    const expected = plain((await status("away")).text);
    assert.match(expected, /^200 .*"presence":"offline".*"status_msg":"on the porch"/);
    for (const name of offline) assert.equal(plain((await status(name)).text), expected, name);
});

test("in the list, those who did not accept look like nobody", async () => {
    const list = await call("GET", `/_matrix/client/v3/presence/list/${observer.id}`, observer);
    const entry = (name) => {
        const found = list.filter((e) => e.user_id === people[name].id);
        assert.equal(found.length, 1, name);
        return JSON.stringify(found[0]).replaceAll(people[name].id, "@somebody");
    };
    for (const name of without.filter((n) => n !== "stranger" && n !== "gone")) {
        assert.equal(entry(name), entry("unknown"), name);
    }
    for (const name of offline) assert.match(entry(name), /"accepted":true/, name);
});

// How often the first of two samples is the larger: 0.5 when they are of one kind.
function larger(a, b) {
    const all = [...a.map((v) => [v, 0]), ...b.map((v) => [v, 1])].sort((x, y) => x[0] - y[0]);
    let sum = 0;
    for (let i = 0; i < all.length; ) {
        let end = i;
        while (end < all.length && all[end][0] === all[i][0]) ++end;
        for (let k = i; k < end; ++k) if (all[k][1] === 0) sum += (i + end + 1) / 2;
        i = end;
    }
    return (sum - (a.length * (a.length + 1)) / 2) / (a.length * b.length);
}

// Asks for all in an order that is drawn anew each round, so that what else the machine does falls
// on each alike.
async function times(asks, rounds) {
    const took = Object.fromEntries(Object.keys(asks).map((name) => [name, []]));
    for (let i = 0; i < rounds; ++i) {
        const order = Object.keys(asks);
        for (let k = order.length - 1; k > 0; --k) {
            const other = Math.floor(Math.random() * (k + 1));
            [order[k], order[other]] = [order[other], order[k]];
        }
        for (const name of order) {
            const t = (await asks[name]()).took;
            if (i >= rounds / 10) took[name].push(t); // the first ones warm up
        }
    }
    return took;
}

// With 1,800 samples each, chance alone stays within 0.01 of one half two times of three, and beyond
// 0.05 never.
const rounds = 2000;
const most = 0.05;

async function lookAlike(t, names) {
    const asks = Object.fromEntries(names.map((n) => [n, () => status(n)]));
    const took = await times(asks, rounds);
    for (const name of names.slice(1)) {
        const share = larger(took[name], took[names[0]]);
        t.diagnostic(`${name}: slower than ${names[0]} in ${(share * 100).toFixed(2)} % of the pairs`);
        assert.ok(
            Math.abs(share - 0.5) < most,
            `${name} is slower than ${names[0]} in ${(share * 100).toFixed(1)} % of the pairs`,
        );
    }
}

test("no time tells one who is not shown from nobody", (t) => lookAlike(t, without));
test("no time tells one who hides or blocks from one who is offline", (t) =>
    lookAlike(t, offline));

test("a difference would be seen", async (t) => {
    const many = Array.from({ length: 120 }, (_, i) => `x${i}=1`).join("&");
    const took = await times(
        {
            plain: () => status("unknown"),
            more: () => ask(`/_matrix/client/v3/presence/${people.unknown.id}/status?${many}`),
        },
        rounds,
    );
    const share = larger(took.more, took.plain);
    t.diagnostic(`many more parameters: slower in ${(share * 100).toFixed(2)} % of the pairs`);
    assert.ok(share > 0.5 + most, `many more parameters are slower in ${share * 100} % only`);
});
