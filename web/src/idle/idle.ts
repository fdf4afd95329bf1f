// The module's idle timer: after some minutes without input this device is `unavailable`, with the
// next input it is what the person asked for. The server is told twice: by a PUT at the moment of
// the change, for the poll that is parked does not tell it, and by set_presence of all further polls,
// which is set before the PUT so that no poll undoes it.

import {
    type Asked, type Known, type Polled,
    firstKnown, idleIn, isIdle, joined, pollStateOf, same, settled, stateOf, withInput, withMinutes,
} from "./state";

export interface Clock {
    now(): number;
    // Calls once after `ms`, or later; returns what cancels it.
    after(ms: number, call: () => void): () => void;
}

// This device: what its person chose, and its ways to the server.
export interface Device {
    readonly asked: Asked;
    // What the polls say from the next one on.
    setPresence(state: Polled): void;
    // Told at once; the text stays as it is.
    put(state: Asked): Promise<unknown>;
}

export interface Tabs {
    load(): Known | undefined;
    send(known: Known): void;
    receive(call: (known: Known) => void): void;
    close(): void;
}

// While somebody is there, the other tabs hear of it this often at most.
const shareEveryMs = 1000;

export class Idle {
    private known: Known;
    private shared: Known;
    private cancel: (() => void) | undefined;
    private readonly observers = new Set<() => void>();
    private ended = false;

    // `present`: that the page was opened says that somebody is there.
    constructor(
        private readonly clock: Clock,
        private readonly device: Device,
        private readonly tabs: Tabs,
        present: boolean,
    ) {
        const now = clock.now();
        this.known = settled(tabs.load() ?? firstKnown(now), now);
        this.shared = this.known;
        tabs.receive((known) => this.learn(known));
        if (present) this.known = withInput(this.known, now);
        this.share();
        this.say();
        this.wind();
    }

    get idle(): boolean {
        return isIdle(this.known);
    }

    get minutes(): number {
        return this.known.minutes;
    }

    set minutes(minutes: number) {
        this.change(withMinutes(this.known, minutes, this.clock.now()));
        this.share();
    }

    // Calls when it begins or ends, and when the minutes change; returns what ends that.
    observe(call: () => void): () => void {
        this.observers.add(call);
        return () => this.observers.delete(call);
    }

    // Somebody touched something.
    input(): void {
        const now = this.clock.now();
        this.change(withInput(this.known, now));
        if (now - this.shared.at >= shareEveryMs || now < this.shared.at) this.share();
    }

    // Looks at the clock and at what other tabs left: before each poll, and whenever the page wakes.
    look(): void {
        const left = this.tabs.load();
        if (left) this.learn(left);
        this.settle();
    }

    end(): void {
        this.ended = true;
        this.cancel?.();
        this.observers.clear();
        this.tabs.close();
    }

    private settle(): void {
        const now = settled(this.known, this.clock.now());
        const newly = isIdle(now) && !isIdle(this.known);
        this.change(now);
        if (newly) this.share();
    }

    // Another tab tells the server itself of what it did; here only the polls have to say the same.
    // What this tab's clock makes of it is this tab's to tell.
    private learn(known: Known): void {
        const both = joined(this.known, known);
        const now = settled(both, this.clock.now());
        const newly = isIdle(now) && !isIdle(both);
        this.change(now, newly);
        if (newly) this.share();
    }

    private change(known: Known, tell = true): void {
        if (this.ended || same(known, this.known)) return;
        const before = this.known;
        this.known = known;
        this.wind();
        if (isIdle(known) !== isIdle(before)) {
            this.say();
            const state = stateOf(this.device.asked, known);
            if (tell && state !== stateOf(this.device.asked, before)) {
                // Should it fail, the next poll says it.
                this.device.put(state).catch(() => {});
            }
        } else if (known.minutes === before.minutes) {
            return;
        }
        for (const call of this.observers) call();
    }

    private say(): void {
        this.device.setPresence(pollStateOf(this.device.asked, this.known));
    }

    private share(): void {
        if (this.ended) return;
        this.shared = this.known;
        this.tabs.send(this.known);
    }

    private wind(): void {
        this.cancel?.();
        const left = idleIn(this.known, this.clock.now());
        this.cancel = left === undefined ? undefined : this.clock.after(left, () => this.settle());
    }
}
