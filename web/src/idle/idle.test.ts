import { describe, expect, it } from "vitest";
import { Idle, type Clock, type Tabs, type Teller } from "./idle";
import { type Known, joined } from "./state";

const minute = 60_000;

// One clock and one browser: what is stored, and messages that wait until they are delivered.
class World {
    now = 1_000_000;
    timers: { due: number; call: () => void }[] = [];
    stored: Known | undefined;
    waiting: { to: Tab; known: Known }[] = [];
    tabs: Tab[] = [];

    clock: Clock = {
        now: () => this.now,
        after: (ms, call) => {
            const timer = { due: this.now + ms, call };
            this.timers.push(timer);
            return () => (this.timers = this.timers.filter((t) => t !== timer));
        },
    };

    open(present = true, channel = true): Tab {
        const tab = new Tab(this, present, channel);
        this.tabs.push(tab);
        return tab;
    }

    // Time passes, timers fire when they are due.
    pass(ms: number) {
        const end = this.now + ms;
        for (;;) {
            const due = this.timers.filter((t) => t.due <= end).sort((a, b) => a.due - b.due)[0];
            if (!due) break;
            this.now = Math.max(this.now, due.due);
            this.timers = this.timers.filter((t) => t !== due);
            due.call();
        }
        this.now = end;
    }

    // Time passes, and no timer fires: a lid was closed, or a tab is throttled.
    sleep(ms: number) {
        this.now += ms;
    }

    deliver() {
        while (this.waiting.length > 0) this.deliver_one(0);
    }

    deliver_one(index: number) {
        const [message] = this.waiting.splice(index, 1);
        message!.to.received(message!.known);
    }
}

class Tab {
    polls: string[] = [];
    puts: Record<string, unknown>[] = [];
    order: string[] = [];
    received: (known: Known) => void = () => {};
    fail: Error | undefined;
    idle: Idle;

    constructor(readonly world: World, present: boolean, channel: boolean) {
        const teller: Teller = {
            poll: (state) => {
                if (this.polls.at(-1) === state) return;
                this.polls.push(state);
                this.order.push(`poll ${state}`);
            },
            put: (body) => {
                this.puts.push(body);
                this.order.push(`put ${body.presence}`);
                return this.fail ? Promise.reject(this.fail) : Promise.resolve({});
            },
        };
        const tabs: Tabs = {
            load: () => world.stored,
            send: (known) => {
                world.stored = world.stored ? joined(world.stored, known) : known;
                if (!channel) return;
                for (const to of world.tabs) if (to !== this) world.waiting.push({ to, known });
            },
            receive: (call) => (this.received = call),
            close: () => {},
        };
        this.idle = new Idle(world.clock, teller, tabs, present);
    }

    get told() {
        return this.puts.map((p) => p.presence);
    }
}

describe("one tab", () => {
    it("says nobody is there after three minutes, by PUT and polls, and comes back with input", () => {
        const world = new World();
        const tab = world.open();
        expect(tab.polls).toEqual(["online"]);
        world.pass(3 * minute - 1);
        expect(tab.told).toEqual([]);
        world.pass(1);
        expect(tab.told).toEqual(["unavailable"]);
        expect(tab.polls).toEqual(["online", "unavailable"]);
        world.pass(10 * minute);
        tab.idle.input();
        expect(tab.told).toEqual(["unavailable", "online"]);
        expect(tab.polls).toEqual(["online", "unavailable", "online"]);
    });
    it("polls say it before the PUT does, so that none undoes it", () => {
        const world = new World();
        const tab = world.open();
        world.pass(3 * minute);
        tab.idle.input();
        expect(tab.order).toEqual([
            "poll online", "poll unavailable", "put unavailable", "poll online", "put online",
        ]);
    });
    it("never touches the text", () => {
        const world = new World();
        const tab = world.open();
        world.pass(3 * minute);
        tab.idle.input();
        expect(tab.puts).toEqual([{ presence: "unavailable" }, { presence: "online" }]);
    });
    it("input puts it off", () => {
        const world = new World();
        const tab = world.open();
        for (let i = 0; i < 10; i++) {
            world.pass(2 * minute);
            tab.idle.input();
        }
        expect(tab.told).toEqual([]);
    });
    it("a laptop that slept: the first poll says that nobody is there, nothing goes online alone", () => {
        const world = new World();
        const tab = world.open();
        world.sleep(60 * minute);
        tab.idle.look(); // the answer of the poll that was parked, before any timer
        expect(tab.polls).toEqual(["online", "unavailable"]);
        world.pass(60 * minute); // the late timers
        tab.idle.look();
        expect(tab.told).toEqual(["unavailable"]);
        tab.idle.input();
        expect(tab.told).toEqual(["unavailable", "online"]);
    });
    it("a laptop woken by a key is online without having been away", () => {
        const world = new World();
        const tab = world.open();
        world.sleep(60 * minute);
        tab.idle.input();
        world.pass(0);
        expect(tab.told).toEqual([]);
    });
    it("a clock set back is harmless", () => {
        const world = new World();
        const tab = world.open();
        world.now -= 60 * minute;
        world.pass(3 * minute);
        tab.idle.look();
        world.pass(3 * minute);
        expect(tab.told).toEqual(["unavailable"]);
        world.now -= 60 * minute;
        tab.idle.look();
        expect(tab.told).toEqual(["unavailable"]);
        tab.idle.input();
        expect(tab.told).toEqual(["unavailable", "online"]);
    });
    it("leaves alone what was chosen by hand", async () => {
        const world = new World();
        const tab = world.open();
        await tab.idle.ask("busy");
        world.pass(60 * minute);
        tab.idle.input();
        expect(tab.told).toEqual(["busy"]);
        expect(tab.polls.at(-1)).toBe("busy");
    });
    it("choosing a state ends hiding, idling never does", async () => {
        const world = new World();
        const tab = world.open();
        await tab.idle.ask("hidden");
        world.pass(3 * minute);
        tab.idle.input();
        expect(tab.puts).toEqual([{ presence: "hidden" }]);
        await tab.idle.ask("online");
        expect(tab.puts[1]).toEqual({ presence: "online", "io.porchlight.unhide": true });
    });
    it("hears that another device ended hiding", async () => {
        const world = new World();
        const tab = world.open();
        await tab.idle.ask("hidden");
        tab.idle.server_says("online"); // on its way before the server heard of hiding
        expect(tab.idle.asked).toBe("hidden");
        tab.idle.server_says("hidden");
        tab.idle.server_says("online");
        expect(tab.idle.asked).toBe("online");
        expect(tab.told).toEqual(["hidden"]);
    });
    it("a refused choice is taken back", async () => {
        const world = new World();
        const tab = world.open();
        tab.fail = new Error("busy is switched off");
        await expect(tab.idle.ask("busy")).rejects.toThrow("switched off");
        expect(tab.idle.asked).toBe("online");
        expect(tab.polls).toEqual(["online", "busy", "online"]);
    });
    it("keeps choice and minutes for the next time", async () => {
        const world = new World();
        const tab = world.open();
        await tab.idle.ask("busy");
        tab.idle.minutes = 1;
        tab.idle.end();
        world.tabs = [];
        world.pass(60 * minute);
        const next = world.open();
        expect([next.idle.asked, next.idle.minutes, next.polls]).toEqual(["busy", 1, ["busy"]]);
    });
    it("opened where nobody looks it does not say that somebody is there", () => {
        const world = new World();
        world.open().idle.end();
        world.tabs = [];
        world.sleep(60 * minute);
        expect(world.open(false).polls).toEqual(["unavailable"]);
        expect(world.open(true).polls).toEqual(["online"]);
    });
    it("ended, it is silent", () => {
        const world = new World();
        const tab = world.open();
        tab.idle.end();
        world.pass(60 * minute);
        tab.idle.input();
        expect(tab.told).toEqual([]);
    });
});

describe("two tabs", () => {
    it("input in one keeps both at home", () => {
        const world = new World();
        const [a, b] = [world.open(), world.open()];
        for (let i = 0; i < 200; i++) {
            world.pass(3000);
            a.idle.input();
            world.deliver();
        }
        expect([a.told, b.told, b.polls]).toEqual([[], [], ["online"]]);
    });
    it("both leave once, and both come back with one input", () => {
        const world = new World();
        const [a, b] = [world.open(), world.open()];
        world.deliver();
        world.pass(10 * minute);
        world.deliver();
        b.idle.input();
        world.deliver();
        expect(a.polls).toEqual(["online", "unavailable", "online"]);
        expect(b.polls).toEqual(["online", "unavailable", "online"]);
        expect(a.told).toEqual(["unavailable"]);
    });
    it("a tab that is opened later knows of the input before", () => {
        const world = new World();
        const a = world.open();
        world.pass(2 * minute);
        a.idle.input();
        const b = world.open(false);
        world.pass(3 * minute - 1);
        expect(b.polls).toEqual(["online"]);
    });
    it("a tab without timers polls what the storage knows", () => {
        const world = new World();
        const [a, b] = [world.open(), world.open()];
        world.sleep(4 * minute);
        a.idle.input();
        b.idle.look(); // its poll ended before the message was read
        expect(b.polls).toEqual(["online"]);
        expect(b.told).toEqual([]);
    });

    // Both act, and their messages arrive in each possible order, late, interleaved with the acts.
    it("never alternate, in all orders of messages", () => {
        const acts: ((a: Tab, b: Tab) => void)[] = [
            (a) => a.world.pass(3 * minute), // both leave
            (_, b) => b.idle.input(),
            (a) => a.world.pass(1500),
            (a) => a.idle.input(),
            (a) => a.world.pass(1500),
            (_, b) => b.idle.input(),
        ];
        let ways = 0;
        const walk = (choices: number[]) => {
            const world = new World();
            const [a, b] = [world.open(), world.open()];
            world.deliver();
            let act = 0;
            for (const choice of choices) {
                if (choice < world.waiting.length) world.deliver_one(choice);
                else acts[act++]!(a, b);
            }
            const options = world.waiting.length + (act < acts.length ? 1 : 0);
            if (options > 0) {
                for (let i = 0; i < options; i++) walk([...choices, i]);
                return;
            }
            ways++;
            // One absence: each tab's polls left once and came back once, and they agree.
            expect(a.polls).toEqual(["online", "unavailable", "online"]);
            expect(b.polls).toEqual(["online", "unavailable", "online"]);
            expect(new Set(a.told.slice(1)).has("unavailable")).toBe(false);
            expect(new Set(b.told.slice(1)).has("unavailable")).toBe(false);
            world.pass(3 * minute);
            world.deliver();
            expect([a.idle.state, b.idle.state]).toEqual(["unavailable", "unavailable"]);
        };
        walk([]);
        expect(ways).toBeGreaterThan(50);
    });
});
