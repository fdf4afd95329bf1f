import { describe, expect, it } from "vitest";
import { LinkJudge } from "./link";

const second = 1000;
const live = (at = 0) => {
    const judge = new LinkJudge(at);
    judge.heard("PREPARED", at);
    return judge;
};

describe("the connection", () => {
    it("is lost since the last answer when the library says so", () => {
        const judge = live();
        judge.heard("SYNCING", 10 * second);
        judge.heard("ERROR", 22 * second);
        expect(judge.link).toEqual({ state: "lost", since: 10 * second });
        judge.heard("ERROR", 40 * second);
        expect(judge.link).toEqual({ state: "lost", since: 10 * second });
        judge.heard("SYNCING", 50 * second);
        expect(judge.link.state).toBe("live");
    });
    it("that fails once and is back within three seconds is not talked about", () => {
        const judge = live();
        judge.heard("RECONNECTING", second);
        judge.beat(3 * second);
        expect(judge.link.state).toBe("live");
        judge.heard("SYNCING", 3.5 * second);
        judge.beat(5 * second);
        expect(judge.link.state).toBe("live");
    });
    it("that takes longer to come back is lost", () => {
        const judge = live();
        judge.heard("RECONNECTING", second);
        judge.heard("RECONNECTING", 3 * second);
        judge.beat(4 * second);
        expect(judge.link).toEqual({ state: "lost", since: 0 });
    });
    it("that says nothing is lost, and its poll is given up once", () => {
        const judge = live();
        expect(judge.beat(45 * second)).toBe(false);
        expect(judge.beat(46 * second)).toBe(true);
        expect(judge.link).toEqual({ state: "lost", since: 0 });
        expect(judge.beat(47 * second)).toBe(false);
    });
    it("that never was is lost from the start", () => {
        const judge = new LinkJudge(7);
        expect(judge.beat(60 * second)).toBe(false);
        expect(judge.link.state).toBe("starting");
        judge.heard("ERROR", 61 * second);
        expect(judge.link).toEqual({ state: "lost", since: 7 });
    });
});
