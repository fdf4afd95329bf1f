import { RequestError, requestErrorOf } from "./errors";

// What it takes to act for a user on one device.
export interface Login {
    userId: string;
    deviceId: string;
    accessToken: string;
}

// How one can register: not at all, at once, or with a token that the administrator gives.
export type Registration =
    { mode: "closed"; sentence: string } | { mode: "open" | "token"; session: string };

const api = "/_matrix/client/v3";

async function post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(api + path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
    });
    const answer: unknown = await response.json().catch(() => ({}));
    if (!response.ok) {
        const error = requestErrorOf(response.status, answer);
        throw Object.assign(error, { answer });
    }
    return answer;
}

function loginOf(answer: unknown): Login {
    const o = answer as Record<string, unknown>;
    const [userId, deviceId, accessToken] = [o["user_id"], o["device_id"], o["access_token"]];
    if (
        typeof userId !== "string" ||
        typeof deviceId !== "string" ||
        typeof accessToken !== "string"
    ) {
        throw new RequestError(200, "", "The server's answer to the login was not understood.");
    }
    return { userId, deviceId, accessToken };
}

export async function logIn(user: string, password: string): Promise<Login> {
    return loginOf(
        await post("/login", {
            type: "m.login.password",
            identifier: { type: "m.id.user", user: user.trim() },
            password,
            initial_device_display_name: deviceName(navigator.userAgent),
        }),
    );
}

// The ways that stand in a 401 of /register. Only those of a single stage that this page can do.
export function registrationOf(answer: unknown): Registration {
    const o = answer as { session?: unknown; flows?: { stages?: unknown[] }[] };
    const session = typeof o.session === "string" ? o.session : "";
    const can = (stage: string) =>
        (o.flows ?? []).some((f) => f.stages?.length === 1 && f.stages[0] === stage);
    if (can("m.login.dummy")) {
        return { mode: "open", session };
    }
    if (can("m.login.registration_token")) {
        return { mode: "token", session };
    }
    return { mode: "closed", sentence: "This server registers in a way this page does not know." };
}

export async function askRegistration(): Promise<Registration> {
    try {
        await post("/register", {});
    } catch (error) {
        if (error instanceof RequestError && error.status === 401) {
            return registrationOf((error as RequestError & { answer: unknown }).answer);
        }
        if (error instanceof RequestError && error.status === 403) {
            return { mode: "closed", sentence: error.message };
        }
        throw error;
    }
    throw new RequestError(200, "", "The server registers without asking for anything.");
}

export async function register(
    way: Registration & { session: string },
    username: string,
    password: string,
    token: string,
): Promise<Login> {
    const auth =
        way.mode === "token"
            ? { type: "m.login.registration_token", token: token.trim(), session: way.session }
            : { type: "m.login.dummy", session: way.session };
    return loginOf(
        await post("/register", {
            username: username.trim(),
            password,
            initial_device_display_name: deviceName(navigator.userAgent),
            auth,
        }),
    );
}

// "Porchlight in Firefox on Linux".
export function deviceName(agent: string): string {
    const first = (known: [string, RegExp][]) => known.find(([, mark]) => mark.test(agent))?.[0];
    const browser = first([
        ["Firefox", /Firefox\//],
        ["Edge", /Edg\//],
        ["Opera", /OPR\//],
        ["Chrome", /Chrome\//],
        ["Safari", /Safari\//],
    ]);
    const system = first([
        ["Android", /Android/],
        ["iOS", /iPhone|iPad/],
        ["Windows", /Windows/],
        ["macOS", /Mac OS X/],
        ["Linux", /Linux|X11/],
    ]);
    return `Porchlight in ${browser ?? "a browser"}${system ? ` on ${system}` : ""}`;
}
