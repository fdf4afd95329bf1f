// A screen without a monitor, and a desktop client on it with a home folder of its own.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const reports = join(import.meta.dirname, "../../../build/reports/gui");

export class Display {
    // Xvfb picks a number that is free and says it on its descriptor 3.
    async start() {
        this.home = mkdtempSync(join(tmpdir(), "porchlight-gui-"));
        this.xvfb = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1200x800x24"],
            { stdio: ["ignore", "ignore", "ignore", "pipe"] });
        const [number] = await once(this.xvfb.stdio[3], "data");
        this.environment = {
            PATH: process.env.PATH, LANG: "C.UTF-8", HOME: this.home, XDG_RUNTIME_DIR: this.home,
            DISPLAY: `:${String(number).trim()}`, QT_QPA_PLATFORM: "xcb", LIBGL_ALWAYS_SOFTWARE: "1",
        };
        mkdirSync(reports, { recursive: true });
        return this;
    }

    write(path, text) {
        const whole = join(this.home, path);
        mkdirSync(dirname(whole), { recursive: true });
        writeFileSync(whole, text, { mode: 0o600 });
    }

    // In a process group of its own, so that the session bus it needs ends with it.
    run(program, ...args) {
        this.client = spawn("dbus-run-session", ["--", program, ...args],
            { env: this.environment, stdio: "ignore", detached: true });
    }

    do(...args) {
        return execFileSync("xdotool", args, { env: this.environment, encoding: "utf8" });
    }

    // The screen as a picture among the reports, and how many colours it has: an empty one has one.
    shoot(name) {
        const file = join(reports, `${name}.png`);
        execFileSync("import", ["-window", "root", file], { env: this.environment });
        return Number(execFileSync("identify", ["-format", "%k", file], { encoding: "utf8" }));
    }

    // Red, green and blue at a place of a picture, each from 0 to 1.
    colour(name, x, y) {
        const at = `p{${x},${y}}`;
        return execFileSync("convert", [join(reports, `${name}.png`), "-format",
            `%[fx:${at}.r] %[fx:${at}.g] %[fx:${at}.b]`, "info:"], { encoding: "utf8" }).split(" ").map(Number);
    }

    click(x, y) {
        this.do("mousemove", String(x), String(y), "click", "1");
    }

    // Shoots until the screen passes `test(colours)`, at most `limit` ms.
    async shot(name, test, limit = 20000) {
        const end = Date.now() + limit;
        for (;;) {
            const colours = this.shoot(name);
            if (test(colours)) return colours;
            if (Date.now() > end) throw new Error(`${name}.png never was as wanted: ${colours} colours`);
            await new Promise((resolve) => setTimeout(resolve, 250));
        }
    }

    // Ends the client and its session bus.
    async close(signal) {
        if (!this.client || this.client.exitCode !== null || this.client.signalCode !== null) return;
        const gone = once(this.client, "exit");
        process.kill(-this.client.pid, signal);
        await gone;
    }

    async end() {
        await this.close("SIGKILL");
        this.xvfb?.kill();
        rmSync(this.home, { recursive: true, force: true });
    }
}
