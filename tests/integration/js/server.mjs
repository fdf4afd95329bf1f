// Starts and ends the real porchlight for one test file, on a port it picks, in a folder of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const binary = process.env.PORCHLIGHT_BINARY;
if (!binary) {
    throw new Error("PORCHLIGHT_BINARY must name the porchlight executable (./dev test sets it)");
}

export const quick = [
    "accounts.argon2_ops=1",
    "accounts.argon2_memory=8KiB",
    "rate_limits.enabled=false",
];

export class Server {
    constructor(settings = []) {
        this.settings = [...quick, ...settings];
        this.data = mkdtempSync(join(tmpdir(), "porchlight-test-"));
        this.port = 0;
        this.log = "";
    }

    async start() {
        const args = ["serve", "--data", this.data, "--listen", `127.0.0.1:${this.port}`];
        args.push("--open-registration", "--server-name", "porch.test");
        for (const s of this.settings) args.push("--set", s);
        this.child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
        this.exited = once(this.child, "exit");
        this.child.stderr.on("data", (d) => (this.log += d));
        for await (const line of createInterface({ input: this.child.stdout })) {
            const ready = line.match(/^ready (http:\/\/127\.0\.0\.1:(\d+))$/);
            if (ready) {
                this.url = ready[1];
                this.port = Number(ready[2]); // a restart keeps it
                return this;
            }
        }
        throw new Error(`porchlight ended before it was ready:\n${this.log}`);
    }

    async kill() {
        this.child.kill("SIGKILL");
        await this.exited;
    }

    // Returns the exit code.
    async stop() {
        this.child.kill("SIGTERM");
        const [code] = await this.exited;
        return code;
    }

    async end() {
        if (this.child.exitCode === null && this.child.signalCode === null) await this.stop();
        rmSync(this.data, { recursive: true, force: true });
    }

    async request(method, path, { token, body } = {}) {
        const headers = { "Content-Type": "application/json" };
        if (token) headers.Authorization = `Bearer ${token}`;
        const response = await fetch(this.url + path, {
            method,
            headers,
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        return { status: response.status, body: await response.json() };
    }

    async register(name) {
        const r = await this.request("POST", "/_matrix/client/v3/register", {
            body: { username: name, password: `${name}-secret`, auth: { type: "m.login.dummy" } },
        });
        if (r.status !== 200) throw new Error(`register ${name}: ${JSON.stringify(r.body)}`);
        return { id: r.body.user_id, token: r.body.access_token, device: r.body.device_id };
    }

    async room(owner, ...others) {
        const made = await this.request("POST", "/_matrix/client/v3/createRoom", {
            token: owner.token,
            body: { preset: "public_chat" },
        });
        if (made.status !== 200) throw new Error(JSON.stringify(made.body));
        for (const o of others) {
            const joined = await this.request(
                "POST",
                `/_matrix/client/v3/join/${encodeURIComponent(made.body.room_id)}`,
                { token: o.token, body: {} },
            );
            if (joined.status !== 200) throw new Error(JSON.stringify(joined.body));
        }
        return made.body.room_id;
    }

    async setStatus(user, presence, status_msg) {
        return this.request(
            "PUT",
            `/_matrix/client/v3/presence/${encodeURIComponent(user.id)}/status`,
            { token: user.token, body: { presence, status_msg } },
        );
    }

    async status(observer, subject) {
        return this.request(
            "GET",
            `/_matrix/client/v3/presence/${encodeURIComponent(subject.id)}/status`,
            { token: observer.token },
        );
    }

    // Asks /metrics until `name` is as wanted.
    async metric(name, wanted) {
        for (;;) {
            const text = await (await fetch(`${this.url}/metrics`)).text();
            const line = text.match(new RegExp(`^${name} (\\d+)$`, "m"));
            if (!line) throw new Error(`${name} is not among the metrics`);
            if (wanted(Number(line[1]))) return;
        }
    }

    async sync(user, since, timeout = 0, more = "") {
        const query = since ? `since=${since}&timeout=${timeout}` : `timeout=${timeout}`;
        const r = await this.request("GET", `/_matrix/client/v3/sync?${query}${more}`, {
            token: user.token,
        });
        if (r.status !== 200) throw new Error(`sync: ${r.status} ${JSON.stringify(r.body)}`);
        return r.body;
    }

    // Syncs until `wanted(body)` gives something; fails after `limit` ms.
    async syncUntil(user, since, wanted, limit = 10000) {
        const end = Date.now() + limit;
        let token = since;
        while (Date.now() < end) {
            const body = await this.sync(user, token, Math.max(1, end - Date.now()));
            const found = wanted(body);
            if (found) return { found, next: body.next_batch, body };
            token = body.next_batch;
        }
        throw new Error(`nothing of the kind wanted came within ${limit} ms`);
    }
}

export function presenceOf(user, test = () => true) {
    return (body) =>
        body.presence.events.find((e) => e.sender === user.id && test(e.content))?.content;
}
