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

const madeWith = join(references, "made-with.txt");

// Below this many pixels two pictures are alike: the edge of a letter, not another lamp. A test holds
// the smallest lamps of two states against it.
export const pixelsMax = 20;
// Another Chromium than the one that made the references draws all letters a little differently. Then a
// two-hundredth of the picture may differ: a row that moved is more, a single lamp is not.
const shareMax = 1 / 200;

export function differingPixels(a, b, out) {
    if (a.width !== b.width || a.height !== b.height) return Infinity;
    return pixelmatch(a.data, b.data, out, a.width, a.height, { threshold: 0.1, includeAA: true });
}

const majorOf = (version) => version.split(".")[0];

// What may differ from a picture of this size, drawn by this version.
export function allowance(picture, version, wanted) {
    return majorOf(version) === majorOf(wanted) ? pixelsMax : picture.width * picture.height * shareMax;
}

// `fixed` are locators of what differs by the minute, times of the server, and what stands there instead.
// Nothing on the page may change by itself any more.
export async function looksLike(page, name, fixed = []) {
    await page.evaluate(() => document.fonts.ready);
    await page.mouse.move(1, 1);
    await settled(page);
    for (const [locator, text] of fixed) {
        await locator.evaluateAll((elements, words) => elements.forEach((e) => { e.textContent = words; }), text);
    }
    const bytes = await page.screenshot({ animations: "disabled", caret: "hide" });
    const path = join(references, `${name}.png`);
    const version = page.context().browser().version();
    if (update) {
        mkdirSync(references, { recursive: true });
        writeFileSync(path, bytes);
        writeFileSync(madeWith, `${version}\n`);
        return;
    }
    assert.ok(existsSync(path), `there is no reference of ${name}; README.md says how to make it`);
    const [seen, wanted] = [PNG.sync.read(bytes), PNG.sync.read(readFileSync(path))];
    const difference = new PNG({ width: wanted.width, height: wanted.height });
    const pixels = differingPixels(seen, wanted, difference.data);
    const allowed = allowance(wanted, version, readFileSync(madeWith, "utf8"));
    if (pixels > allowed) {
        mkdirSync(reports, { recursive: true });
        writeFileSync(join(reports, `${name}.png`), bytes);
        writeFileSync(join(reports, `${name}-difference.png`), PNG.sync.write(difference));
    }
    assert.ok(pixels <= allowed, `${name}: ${pixels} pixels differ, at most ${allowed} may; see build/reports/page`);
}
