import { describe, expect, it } from "vitest";
import { type Clock, type Device, Idle, type Tabs } from "./idle";
import { type Asked, type Known, joined } from "./state";

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
        while (this.waiting.length > 0) this.deliverOne(0);
    }

    deliverOne(index: number) {
        const [message] = this.waiting.splice(index, 1);
        message!.to.received(message!.known);
    }
}

class Tab {
    polls: string[] = [];
    told: string[] = [];
    order: string[] = [];
    received: (known: Known) => void = () => {};
    asked: Asked = "online";
    idle: Idle;

    constructor(readonly world: World, present: boolean, channel: boolean) {
        const chosen = () => this.asked;
        const device: Device = {
            get asked() {
                return chosen();
            },
            setPresence: (state) => {
                if (this.polls.at(-1) === state) return;
                this.polls.push(state);
                this.order.push(`poll ${state}`);
            },
            put: (state) => {
                this.told.push(state);
                this.order.push(`put ${state}`);
                return Promise.reject(new Error("what fails is told by the next poll"));
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
        this.idle = new Idle(world.clock, device, tabs, present);
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
    it.each(["busy", "unavailable", "offline", "hidden"] as const)("leaves alone %s", (asked) => {
        const world = new World();
        const tab = world.open();
        tab.asked = asked;
        world.pass(60 * minute);
        tab.idle.input();
        expect(tab.told).toEqual([]);
    });
    it("comes back to what was chosen", () => {
        const world = new World();
        const tab = world.open();
        tab.asked = "free_for_chat";
        world.pass(3 * minute);
        tab.idle.input();
        expect(tab.told).toEqual(["unavailable", "free_for_chat"]);
        expect(tab.polls.at(-1)).toBe("free_for_chat");
    });
    it("keeps the minutes for the next time", () => {
        const world = new World();
        const tab = world.open();
        tab.idle.minutes = 1;
        world.pass(minute);
        expect(tab.told).toEqual(["unavailable"]);
        tab.idle.end();
        world.tabs = [];
        expect(world.open().idle.minutes).toBe(1);
    });
    it("says when it begins and ends", () => {
        const world = new World();
        const tab = world.open();
        const seen: boolean[] = [];
        tab.idle.observe(() => seen.push(tab.idle.idle));
        world.pass(minute);
        tab.idle.input();
        world.pass(3 * minute);
        tab.idle.input();
        expect(seen).toEqual([true, false]);
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
    it("what was stored before never takes an input back", () => {
        const world = new World();
        const tab = world.open();
        world.pass(10_000);
        tab.idle.input();
        world.pass(500);
        tab.idle.input(); // too soon after the last to be shared
        tab.idle.look();
        world.pass(3 * minute - 1);
        tab.idle.look();
        expect(tab.told).toEqual([]);
        world.pass(1);
        expect(tab.told).toEqual(["unavailable"]);
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
                if (choice < world.waiting.length) world.deliverOne(choice);
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
            expect([a.idle.idle, b.idle.idle]).toEqual([true, true]);
        };
        walk([]);
        expect(ways).toBeGreaterThan(50);
    });
});
