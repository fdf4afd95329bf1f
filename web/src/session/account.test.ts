import { describe, expect, it } from "vitest";
import { deviceName, registrationOf } from "./account";
import { requestErrorOf, sentenceOf } from "./errors";

describe("the ways to register", () => {
    const flows = (...stages: string[]) => ({ session: "s", flows: [{ stages }] });
    it("are open, by token, or closed", () => {
        expect(registrationOf(flows("m.login.dummy")).mode).toBe("open");
        expect(registrationOf(flows("m.login.registration_token"))).toEqual({
            mode: "token",
            session: "s",
        });
        expect(registrationOf(flows("m.login.email.identity", "m.login.dummy")).mode).toBe(
            "closed",
        );
        expect(registrationOf(flows("m.login.dummy", "m.login.terms")).mode).toBe("closed");
        expect(registrationOf({}).mode).toBe("closed");
    });
});

describe("an error", () => {
    it("is said in the server's words", () => {
        expect(
            sentenceOf(requestErrorOf(403, { errcode: "M_FORBIDDEN", error: "Wrong password." })),
        ).toBe("Wrong password.");
        expect(sentenceOf({ httpStatus: 400, errcode: "M_X", data: { error: "No." } })).toBe("No.");
        expect(sentenceOf(requestErrorOf(502, "<html>"))).toBe(
            "The server answered with status 502.",
        );
    });
    it("of a limit says when to try again", () => {
        const limited = { errcode: "M_LIMIT_EXCEEDED", error: "Too many", retry_after_ms: 90_001 };
        expect(sentenceOf(requestErrorOf(429, limited))).toContain("in 2 minutes");
    });
    it("without an answer says that there was none", () => {
        expect(sentenceOf(new TypeError("Failed to fetch"))).toContain("does not answer");
    });
});

it("a device is named after browser and system", () => {
    expect(
        deviceName("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ).toBe("Porchlight in Firefox on Linux");
    expect(deviceName("")).toBe("Porchlight in a browser");
});
