// The admin API (docs/admin-api.md), as far as this page asks it.

export interface Histogram {
    bounds: number[]; // seconds; one fewer than counts
    counts: number[];
    sum: number;
}

export type Totals = Record<
    | "updates"
    | "marks"
    | "deliveries"
    | "events"
    | "requests"
    | "answers_refused"
    | "answers_failed"
    | "sent_bytes"
    | "rebuilt"
    | "logins_refused"
    | "limits_reached"
    | "federation_delivered"
    | "federation_failed"
    | "federation_received"
    | "store_failures"
    | "admin_tokens_refused",
    number
>;
export type Gauges = Record<
    "waiters" | "users_known" | "users_live" | "users_online" | "rooms" | "window_ms",
    number
>;
export type Queues = Record<"deciding" | "net" | "cold" | "store" | "unsaved", number>;
export type Federation = Record<
    | "destinations"
    | "failing"
    | "list_messages_waiting"
    | "pushes_waiting"
    | "transactions_under_way"
    | "observed",
    number
>;

export interface Overview {
    now: number;
    uptime_ms: number;
    version: string;
    server_name: string;
    accounts: number;
    totals: Totals;
    gauges: Gauges;
    queues: Queues;
    process: { resident_bytes: number; cpu_seconds: number; connections: number };
    federation: Federation;
    latency: { delivery: Histogram; commit: Histogram };
}

export interface Destination {
    server: string;
    porchlight: boolean;
    reachable: boolean;
    in_flight: boolean;
    failures: number;
    failing_since?: number;
    retry_at?: number;
    last_success?: number;
    last_failure?: string;
    waiting: Record<"list_messages" | "pushes" | "answers" | "polls" | "unpolls", number>;
}

export interface FoundUser {
    user_id: string;
    displayname?: string;
    presence: string;
    deactivated: boolean;
}

export interface DeviceReason {
    device_id?: string;
    before_restart?: boolean;
    asked: string;
    counts_as: string;
    streams: number;
    offline_streams: number;
    grace_until?: number;
    put_until?: number;
    idle_at?: number;
    believed: boolean;
}

export interface Explanation {
    user_id: string;
    now: number;
    sentence: string;
    presence: string;
    hidden: boolean;
    deactivated: boolean;
    remote: boolean;
    status_text_bytes: number;
    visibility: string;
    devices: DeviceReason[];
    rooms_counting: number;
    rooms_not_counting: number;
    rooms: { room_id: string; members: number }[];
    seen_by: {
        total: number;
        by_rooms: number;
        by_lists: number;
        elsewhere: number;
        blocked: number;
        at_least: boolean;
    };
}

export interface Session {
    device_id: string;
    display_name?: string;
    created: number;
    last_seen?: number;
    counts_as: string;
    streams: number;
}

// What the server answered; status 0: it did not answer at all.
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly errcode: string,
        sentence: string,
    ) {
        super(sentence);
    }
}

const root = "/_porchlight/admin/v1/";
const patience = 8000; // ms; a server that takes longer is as good as gone

export class AdminApi {
    constructor(private readonly token: string) {}

    overview(): Promise<Overview> {
        return this.ask("GET", "overview");
    }
    destinations(
        from: number,
        limit: number,
    ): Promise<{ destinations: Destination[]; next?: number }> {
        return this.ask("GET", `federation/destinations?from=${from}&limit=${limit}`);
    }
    users(prefix: string, limit: number): Promise<{ users: FoundUser[]; limited: boolean }> {
        return this.ask("GET", `users?prefix=${encodeURIComponent(prefix)}&limit=${limit}`);
    }
    presence(userId: string): Promise<Explanation> {
        return this.ask("GET", `users/${encodeURIComponent(userId)}/presence`);
    }
    devices(userId: string): Promise<{ devices: Session[] }> {
        return this.ask("GET", `users/${encodeURIComponent(userId)}/devices`);
    }
    endSession(userId: string, deviceId: string): Promise<unknown> {
        return this.ask(
            "DELETE",
            `users/${encodeURIComponent(userId)}/devices/${encodeURIComponent(deviceId)}`,
        );
    }

    private async ask<T>(method: string, path: string): Promise<T> {
        let answer: Response;
        let body: { errcode?: string; error?: string };
        try {
            answer = await fetch(root + path, {
                method,
                headers: { Authorization: `Bearer ${this.token}` },
                signal: AbortSignal.timeout(patience),
                cache: "no-store",
            });
            body = await answer.json();
        } catch {
            throw new ApiError(0, "", "The server does not answer.");
        }
        if (!answer.ok) {
            throw new ApiError(
                answer.status,
                body.errcode ?? "",
                body.error ?? `It answered ${answer.status}.`,
            );
        }
        return body as T;
    }
}
