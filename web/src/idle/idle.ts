// The module's idle timer: after some minutes without input this device is `unavailable`, with the
// next input it is what the person asked for. The server is told twice: by a PUT at the moment of
// the change, for the poll that is parked does not tell it, and by set_presence of all further polls,
// which is set before the PUT so that no poll undoes it.

import {
    type Asked, type Known,
    first_known, idle_in, is_idle, joined, poll_state_of, same, settled, state_of,
    with_choice, with_input, with_minutes,
} from "./state";

export interface Clock {
    now(): number;
    // Calls once after `ms`, or later; returns what cancels it.
    after(ms: number, call: () => void): () => void;
}

export interface Teller {
    poll(state: string): void;
    put(body: Record<string, unknown>): Promise<unknown>;
}

export interface Tabs {
    load(): Known | undefined;
    send(known: Known): void;
    receive(call: (known: Known) => void): void;
    close(): void;
}

// While somebody is there, the other tabs hear of it this often at most.
const share_every_ms = 1000;

export class Idle {
    private known: Known;
    private shared: Known;
    private cancel: (() => void) | undefined;
    private readonly observers = new Set<() => void>();
    private hidden_seen = false;
    private ended = false;

    // `present`: that the page was opened says that somebody is there.
    constructor(
        private readonly clock: Clock,
        private readonly teller: Teller,
        private readonly tabs: Tabs,
        present: boolean,
    ) {
        const now = clock.now();
        this.known = settled(tabs.load() ?? first_known(now), now);
        this.shared = this.known;
        tabs.receive((known) => this.learn(known));
        if (present) this.known = with_input(this.known, now);
        this.share();
        this.teller.poll(poll_state_of(this.known));
        this.wind();
    }

    // What this device is.
    get state(): Asked {
        return state_of(this.known);
    }

    // What the person chose.
    get asked(): Asked {
        return this.known.asked;
    }

    get idle(): boolean {
        return is_idle(this.known);
    }

    get minutes(): number {
        return this.known.minutes;
    }

    set minutes(minutes: number) {
        this.change(with_minutes(this.known, minutes, this.clock.now()));
        this.share();
    }

    // Calls after each change of state, asked or minutes; returns what ends that.
    observe(call: () => void): () => void {
        this.observers.add(call);
        return () => this.observers.delete(call);
    }

    // Somebody touched something.
    input(): void {
        const now = this.clock.now();
        const was_idle = is_idle(settled(this.known, now));
        this.change(with_input(this.known, now));
        if (was_idle || now - this.shared.at >= share_every_ms || now < this.shared.at) this.share();
    }

    // The person chooses a state, with `more` of the body of the PUT (status_msg, ...). Rejects with
    // the server's error, and then what was asked before holds.
    async ask(asked: Asked, more: Record<string, unknown> = {}): Promise<void> {
        const before = this.known.asked;
        const chosen = with_choice(this.known, asked, this.clock.now());
        this.hidden_seen = false;
        this.change(chosen, false);
        this.share();
        // A state chosen by hand ends hiding, whichever device began it.
        const unhide = asked === "hidden" ? {} : { "io.porchlight.unhide": true };
        try {
            await this.teller.put({ presence: asked, ...unhide, ...more });
        } catch (error) {
            if (this.known.choice === chosen.choice) {
                this.change(with_choice(this.known, before, this.clock.now()));
                this.share();
            }
            throw error;
        }
    }

    // Something else to tell with a PUT (a text), which has to say a state, too.
    tell(more: Record<string, unknown>): Promise<unknown> {
        return this.teller.put({ presence: this.state, ...more });
    }

    // Looks at the clock and at what other tabs left: before each poll, and whenever the page wakes.
    look(): void {
        const left = this.tabs.load();
        if (left) this.learn(left);
        this.settle();
    }

    // The server's word on oneself: hiding may have been ended by another device.
    server_says(presence: string): void {
        if (this.known.asked !== "hidden") return;
        if (presence === "hidden") {
            this.hidden_seen = true;
        } else if (this.hidden_seen) {
            this.hidden_seen = false;
            this.change(with_choice(this.known, "online", this.clock.now()), false);
            this.share();
        }
    }

    end(): void {
        this.ended = true;
        this.cancel?.();
        this.observers.clear();
        this.tabs.close();
    }

    private settle(): void {
        const now = settled(this.known, this.clock.now());
        const newly = is_idle(now) && !is_idle(this.known);
        this.change(now);
        if (newly) this.share();
    }

    // Another tab tells the server itself of what it did; here only the polls have to say the same.
    // What this tab's clock makes of it is this tab's to tell.
    private learn(known: Known): void {
        const both = joined(this.known, known);
        const now = settled(both, this.clock.now());
        const newly = is_idle(now) && !is_idle(both);
        this.change(now, newly);
        if (newly) this.share();
    }

    private change(known: Known, tell = true): void {
        if (this.ended || same(known, this.known)) return;
        const before = this.known;
        this.known = known;
        this.teller.poll(poll_state_of(known));
        const state = state_of(known);
        if (tell && state !== state_of(before)) {
            // Should it fail, the next poll says it.
            this.teller.put({ presence: state }).catch(() => {});
        }
        this.wind();
        if (
            state !== state_of(before) || known.asked !== before.asked ||
            known.minutes !== before.minutes
        ) {
            for (const call of this.observers) call();
        }
    }

    private share(): void {
        if (this.ended) return;
        this.shared = this.known;
        this.tabs.send(this.known);
    }

    private wind(): void {
        this.cancel?.();
        const left = idle_in(this.known, this.clock.now());
        this.cancel = left === undefined ? undefined : this.clock.after(left, () => this.settle());
    }
}
