// The idle timer's hands in the browser: input, other tabs, the client's polls.

import { ClientEvent, Method, type MatrixClient, type MatrixEvent } from "matrix-js-sdk";
import { Idle, type Clock, type Tabs, type Teller } from "./idle";
import { type Known, joined, read_known } from "./state";

const clock: Clock = {
    now: () => Date.now(),
    after(ms, call) {
        const timer = setTimeout(call, ms);
        return () => clearTimeout(timer);
    },
};

// A message for tabs that run, a record for a tab that is opened later. Storage may be forbidden:
// then tabs that are open still agree.
export function tabs_of(name: string): Tabs {
    const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : undefined;
    let received: (known: Known) => void = () => {};
    const hear = (value: unknown) => {
        const known = read_known(value);
        if (known) received(known);
    };
    const on_storage = (event: StorageEvent) => {
        if (event.key === name && event.newValue) hear(parsed(event.newValue));
    };
    if (channel) channel.onmessage = (event) => hear(event.data);
    addEventListener("storage", on_storage);

    const load = () => {
        try {
            return read_known(parsed(localStorage.getItem(name) ?? ""));
        } catch {
            return undefined;
        }
    };
    return {
        load,
        send(known) {
            const left = load();
            try {
                localStorage.setItem(name, JSON.stringify(left ? joined(left, known) : known));
            } catch {
                // Full or forbidden.
            }
            channel?.postMessage(known);
        },
        receive: (call) => (received = call),
        close() {
            channel?.close();
            removeEventListener("storage", on_storage);
        },
    };
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

export function teller_of(client: MatrixClient): Teller {
    const path = `/presence/${encodeURIComponent(client.getUserId()!)}/status`;
    return {
        // The SDK's type knows fewer states than the server.
        poll: (state) => void client.setSyncPresence(state as never),
        put: (body) => client.http.authedRequest(Method.Put, path, undefined, body),
    };
}

// Calls `input` for what a person does: not for what moves beneath a pointer that lies still.
// Returns what ends it.
export function watch_input(target: Window, input: () => void): () => void {
    let x: number | undefined;
    let y: number | undefined;
    const on_move = (event: PointerEvent) => {
        if (event.screenX === x && event.screenY === y) return;
        x = event.screenX;
        y = event.screenY;
        input();
    };
    const events = ["pointerdown", "keydown", "touchstart", "wheel", "focus"] as const;
    const options = { capture: true, passive: true };
    for (const name of events) target.addEventListener(name, input, options);
    target.addEventListener("pointermove", on_move, options);
    return () => {
        for (const name of events) target.removeEventListener(name, input, options);
        target.removeEventListener("pointermove", on_move, options);
    };
}

// REQUIRES: `await client.startClient()` is over (before that the SDK has nowhere to keep what polls
// say; it has not polled yet then). end() of what it returns ends it.
export function start_idle(client: MatrixClient): Idle {
    const name = `porchlight.idle.${client.getUserId()}.${client.getDeviceId()}`;
    const idle = new Idle(
        clock, teller_of(client), tabs_of(name), document.visibilityState === "visible",
    );
    const end_input = watch_input(window, () => idle.input());
    const look = () => idle.look();

    // A poll's answer is processed, then this is emitted, then the next poll is made: a page that
    // slept, whose timers did not fire yet, says in its first poll that nobody is there.
    client.on(ClientEvent.Sync, look);
    const on_event = (event: MatrixEvent) => {
        if (event.getType() !== "m.presence" || event.getSender() !== client.getUserId()) return;
        idle.server_says(String(event.getContent().presence));
    };
    client.on(ClientEvent.Event, on_event);
    document.addEventListener("visibilitychange", look);
    document.addEventListener("resume", look);
    addEventListener("pageshow", look);

    const end = idle.end.bind(idle);
    idle.end = () => {
        end();
        end_input();
        client.off(ClientEvent.Sync, look);
        client.off(ClientEvent.Event, on_event);
        document.removeEventListener("visibilitychange", look);
        document.removeEventListener("resume", look);
        removeEventListener("pageshow", look);
    };
    return idle;
}
