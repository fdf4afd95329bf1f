// A Vite plugin: /licences.txt, the terms of everything from elsewhere that the page holds. Those are the
// packages whose modules are in the bundle, and the direct dependencies (typefaces come in by CSS).
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const manifest = (path: string) => JSON.parse(readFileSync(path, "utf8"));

function entry(name: string) {
    const folder = here(`node_modules/${name}`);
    const { version, license } = manifest(`${folder}/package.json`);
    if (!license) {
        throw new Error(`web/licences.ts: ${name} ${version} says no licence`);
    }
    const text = readdirSync(folder)
        .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
        .map((file) => readFileSync(`${folder}/${file}`, "utf8").trim());
    return [`${name} ${version}: ${license}`, ...text].join("\n\n");
}

export default function licences(): Plugin {
    return {
        name: "porchlight-licences",
        apply: "build",
        generateBundle() {
            const names = new Set(Object.keys(manifest(here("package.json")).dependencies));
            for (const id of this.getModuleIds()) {
                const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
                if (name && existsSync(here(`node_modules/${name}/package.json`))) {
                    names.add(name);
                }
            }
            const source = [
                "Porchlight's page holds parts of these packages, under the terms that follow each name.",
                ...[...names].sort().map(entry),
            ].join(`\n\n${"-".repeat(80)}\n\n`);
            this.emitFile({ type: "asset", fileName: "licences.txt", source: `${source}\n` });
        },
    };
}
