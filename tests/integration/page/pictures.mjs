// Compares what the page looks like with pictures of it that somebody looked at.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { settled } from "./house.mjs";

const references = join(import.meta.dirname, "references");
const reports = join(import.meta.dirname, "../../../build/reports/page");
const update = process.env.PORCHLIGHT_UPDATE_REFERENCES === "1";

// Below this many pixels two pictures are alike: another edge of a letter, not another lamp (the flame of
// the smallest lantern alone has more).
const pixelsMax = 40;

export function differingPixels(a, b, out) {
    if (a.width !== b.width || a.height !== b.height) return Infinity;
    return pixelmatch(a.data, b.data, out, a.width, a.height, { threshold: 0.1 });
}

// `hide` are locators of what differs by the day: times of the server.
export async function looksLike(page, name, hide = []) {
    await page.evaluate(() => document.fonts.ready);
    await page.mouse.move(1, 1);
    await settled(page);
    const bytes = await page.screenshot({ mask: hide, maskColor: "#808080", animations: "disabled", caret: "hide" });
    const path = join(references, `${name}.png`);
    if (update) {
        mkdirSync(references, { recursive: true });
        writeFileSync(path, bytes);
        return;
    }
    assert.ok(existsSync(path), `there is no reference of ${name}; README.md says how to make it`);
    const [seen, wanted] = [PNG.sync.read(bytes), PNG.sync.read(readFileSync(path))];
    const difference = new PNG({ width: wanted.width, height: wanted.height });
    const pixels = differingPixels(seen, wanted, difference.data);
    if (pixels > pixelsMax) {
        mkdirSync(reports, { recursive: true });
        writeFileSync(join(reports, `${name}.png`), bytes);
        writeFileSync(join(reports, `${name}-difference.png`), PNG.sync.write(difference));
    }
    assert.ok(pixels <= pixelsMax, `${name}: ${pixels} pixels differ, see build/reports/page`);
}
