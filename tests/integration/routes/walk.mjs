// Calls routes of a real server and holds each answer against the schema of its route.
import { execFileSync } from "node:child_process";
import Ajv from "ajv";
import { error, interactive, rate_limited, routes as schemas } from "./schemas.mjs";

const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false });
const check_error = ajv.compile(error);
const check_limited = ajv.compile(rate_limited);
const check_interactive = ajv.compile(interactive);

export const key_of = (route) => `${route.method} ${route.path}`;

// The table as the server itself prints it.
export function routes_of_server() {
    const lines = execFileSync(process.env.PORCHLIGHT_BINARY, ["routes"], { encoding: "utf8" });
    return lines.trim().split("\n").map((line) => JSON.parse(line));
}

const below = (prefix) =>
    prefix === undefined ? "" : `/_matrix/${prefix.startsWith("media/") ? "" : "client/"}${prefix}`;

export class Walk {
    constructor(server) {
        this.server = server;
        this.routes = new Map(routes_of_server().map((r) => [key_of(r), r]));
        this.schemas = new Map(Object.entries(schemas).filter(([, [schema]]) => schema)
            .map(([key, [schema]]) => [key, ajv.compile(schema)]));
        this.succeeded = new Set();
        this.refused = new Map([...this.routes.keys()].map((key) => [key, new Set()]));
        this.faults = new Map([...this.routes.keys()].map((key) => [key, []]));
        this.responses = 0;
        this.errors = 0;
    }

    fault(key, text) {
        this.faults.get(key).push(text);
    }

    // { status, body } of the route under one prefix; CORS is looked at here, for every answer.
    async ask(key, { prefix, token, params = {}, query = {}, body, raw, type = "application/json", bytes = false }) {
        const route = this.routes.get(key);
        if (!route) throw new Error(`the server has no route ${key}`);
        const path = route.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? "x"));
        const place = below(prefix) + path;
        const search = new URLSearchParams(query).toString();
        const headers = { "Content-Type": type };
        if (token) headers.Authorization = `Bearer ${token}`;
        const sends = route.method === "PUT" || route.method === "POST" ||
            (route.method === "DELETE" && body);
        const response = await fetch(this.server.url + place + (search && `?${search}`), {
            method: route.method, headers,
            body: raw ?? (sends ? JSON.stringify(body ?? {}) : undefined),
        });
        if (response.headers.get("access-control-allow-origin") !== "*") this.fault(key, "no CORS header");
        const text = await response.text();
        if (bytes && response.ok) return { status: 200, body: { type: response.headers.get("content-type") } };
        try {
            return { status: response.status, body: JSON.parse(text) };
        } catch {
            this.fault(key, `${response.status} with no JSON: ${text.slice(0, 80)}`);
            return { status: response.status, body: {} };
        }
    }

    // A call that must succeed; what only reads is asked under every prefix. Gives the last body.
    async ok(key, how = {}) {
        const route = this.routes.get(key);
        const all = route?.prefixes.length ? route.prefixes : [undefined];
        const wanted = route?.method === "GET" ? all : [all.find((p) => p === "v3" || p === "media/v3") ?? all[0]];
        let body;
        for (const prefix of how.prefix ? [how.prefix] : wanted) {
            const got = await this.ask(key, { ...how, prefix });
            body = got.body;
            this.responses++;
            if (got.status !== 200) {
                this.fault(key, `${got.status} instead of 200: ${JSON.stringify(body)}`);
                continue;
            }
            this.succeeded.add(key);
            const valid = this.schemas.get(key);
            if (valid && !valid(body)) {
                this.fault(key, `${ajv.errorsText(valid.errors)} in ${JSON.stringify(body).slice(0, 300)}`);
            }
        }
        return body;
    }

    // A call that must be refused with "status errcode", or "401 flows".
    async no(key, wanted, how = {}) {
        const prefixes = this.routes.get(key)?.prefixes ?? [];
        const prefix = how.prefix ?? (prefixes.includes("v3") ? "v3" : prefixes[0]);
        const { status, body } = await this.ask(key, { ...how, prefix });
        this.errors++;
        const flows = wanted.endsWith(" flows");
        const got = `${status} ${flows && !body.errcode ? "flows" : body.errcode}`;
        if (got !== wanted) this.fault(key, `${got} instead of ${wanted}: ${JSON.stringify(body)}`);
        const valid = flows ? check_interactive : check_error;
        if (!valid(body)) this.fault(key, `${wanted}: ${ajv.errorsText(valid.errors)}`);
        this.refused.get(key).add(wanted);
        return body;
    }

    // Asks until the limit is reached, which must say when to come again.
    async limited(key, how) {
        for (let i = 0; i < 2000; i++) {
            const { status, body } = await this.ask(key, how);
            if (status !== 429) continue;
            this.errors++;
            if (!check_limited(body)) this.fault(key, `429: ${ajv.errorsText(check_limited.errors)}`);
            return;
        }
        this.fault(key, "2000 calls and no 429");
    }

    // What holds for every route: no token, a wrong one, a body that is no JSON, another method, a preflight.
    async common(token) {
        for (const [key, route] of this.routes) {
            if (route.token === "yes") {
                await this.no(key, "401 M_MISSING_TOKEN");
                await this.no(key, "401 M_UNKNOWN_TOKEN", { token: "no-such-token" });
            }
            if (route.body) await this.no(key, "400 M_NOT_JSON", { token, raw: "{" });
            const prefix = below(route.prefixes.at(-1));
            const path = this.server.url + prefix + route.path.replace(/\{\w+\}/g, "x");
            const other = await fetch(path, { method: "PATCH" });
            const body = await other.json();
            this.errors++;
            if (other.status !== 405 || body.errcode !== "M_UNRECOGNIZED" || !check_error(body)) {
                this.fault(key, `PATCH: ${other.status} ${JSON.stringify(body)}`);
            }
            const preflight = await fetch(path, { method: "OPTIONS" });
            if (!preflight.ok || !preflight.headers.get("access-control-allow-methods")?.includes(route.method)) {
                this.fault(key, `preflight: ${preflight.status}`);
            }
        }
    }

    // Routes that only refuse, and their one answer.
    refusals() {
        return Object.entries(schemas).filter(([, [schema]]) => !schema).map(([key, [, wanted]]) => [key, wanted]);
    }

    // What is left to say of a route at the end: its faults, and what no case has shown.
    verdict(key) {
        const documented = schemas[key]?.slice(1);
        if (!documented) return ["schemas.mjs does not have it"];
        const open = [...this.faults.get(key)];
        const works = schemas[key][0] !== null;
        if (works !== this.routes.get(key).works) open.push("the server and schemas.mjs disagree whether it works");
        if (works && !this.succeeded.has(key)) open.push("no case succeeds");
        for (const wanted of documented) {
            if (!this.refused.get(key).has(wanted)) open.push(`no case is answered ${wanted}`);
        }
        for (const got of this.refused.get(key)) {
            const common = /^(401 M_(MISSING|UNKNOWN)_TOKEN|400 M_NOT_JSON)$/.test(got);
            if (!common && !documented.includes(got)) open.push(`${got} is not documented`);
        }
        return open;
    }
}

export { schemas };
