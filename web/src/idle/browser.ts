// The idle timer's hands in the browser: input, other tabs, the client's polls.

import type { ClientEvent, MatrixClient } from "matrix-js-sdk";
import { type Clock, type Device, Idle, type Tabs } from "./idle";
import { type Known, joined, readKnown } from "./state";

const clock: Clock = {
    now: () => Date.now(),
    after(ms, call) {
        const timer = setTimeout(call, ms);
        return () => clearTimeout(timer);
    },
};

// A message for tabs that run, a record for a tab that is opened later. Storage may be forbidden:
// then tabs that are open still agree.
export function tabsOf(name: string): Tabs {
    const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : undefined;
    let received: (known: Known) => void = () => {};
    const hear = (value: unknown) => {
        const known = readKnown(value);
        if (known) received(known);
    };
    const onStorage = (event: StorageEvent) => {
        if (event.key === name && event.newValue) hear(parsed(event.newValue));
    };
    if (channel) channel.onmessage = (event) => hear(event.data);
    addEventListener("storage", onStorage);

    const load = () => {
        try {
            return readKnown(parsed(localStorage.getItem(name) ?? ""));
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
            removeEventListener("storage", onStorage);
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

// Calls `input` for what a person does: not for what moves beneath a pointer that lies still.
// Returns what ends it.
export function watchInput(target: Window, input: () => void): () => void {
    let x: number | undefined;
    let y: number | undefined;
    const onMove = (event: PointerEvent) => {
        if (event.screenX === x && event.screenY === y) return;
        x = event.screenX;
        y = event.screenY;
        input();
    };
    const events = ["pointerdown", "click", "keydown", "touchstart", "wheel", "focus"] as const;
    const options = { capture: true, passive: true };
    for (const name of events) target.addEventListener(name, input, options);
    target.addEventListener("pointermove", onMove, options);
    return () => {
        for (const name of events) target.removeEventListener(name, input, options);
        target.removeEventListener("pointermove", onMove, options);
    };
}

// A login of this browser, as session/ has it.
export interface Login extends Device {
    readonly client: MatrixClient;
    readonly userId: string;
    readonly deviceId: string;
}

// Emitted after a poll's answer was processed and before the next poll is made.
const polled = "sync" as ClientEvent.Sync;

// REQUIRES: called before the client polls first. end() of what it returns ends it.
export function startIdle(login: Login): Idle {
    const name = `porchlight.idle.${login.userId}.${login.deviceId}`;
    const idle = new Idle(clock, login, tabsOf(name), document.visibilityState === "visible");
    const endInput = watchInput(window, () => idle.input());
    // A page that slept, whose timers did not fire yet, says in its first poll that nobody is there.
    const look = () => idle.look();
    login.client.on(polled, look);
    document.addEventListener("visibilitychange", look);
    document.addEventListener("resume", look);
    addEventListener("pageshow", look);

    const end = idle.end.bind(idle);
    idle.end = () => {
        end();
        endInput();
        login.client.off(polled, look);
        document.removeEventListener("visibilitychange", look);
        document.removeEventListener("resume", look);
        removeEventListener("pageshow", look);
    };
    return idle;
}
