// Puts what Vite built into a form that the compiler takes: build/web/embedded/files.S holds the bytes
// (each file plain, and by gzip and Brotli where that saves a tenth), files.cc the table of them that
// src/pages serves from. Written only when something changed, so that nothing is linked again in vain.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const from = here("../build/web/files");
const to = here("../build/web/embedded");

const types = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
};
// Documents have addresses of their own.
const addresses = { "/index.html": "/", "/admin/index.html": "/admin" };

function entry(path) {
    const address = `/${relative(from, path)}`;
    const type = types[extname(path)];
    if (!type) {
        throw new Error(`web/pack.mjs knows no content type for ${address}`);
    }
    const plain = readFileSync(path);
    const worthwhile = (packed) => (packed.length < plain.length * 0.9 ? packed : Buffer.alloc(0));
    return {
        path: addresses[address] ?? address,
        type,
        etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
        variants: {
            plain,
            gzip: worthwhile(gzipSync(plain, { level: 9 })),
            brotli: worthwhile(
                brotliCompressSync(plain, {
                    params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
                }),
            ),
        },
    };
}

function writeIfChanged(name, contents) {
    const path = join(to, name);
    try {
        if (readFileSync(path).equals(Buffer.from(contents))) {
            return;
        }
    } catch {
        // Not there yet.
    }
    writeFileSync(path, contents);
}

const compare = (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
const entries = readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => entry(join(e.parentPath ?? e.path, e.name)))
    .sort(compare);

mkdirSync(to, { recursive: true });
const bytes = Buffer.concat(entries.flatMap((e) => Object.values(e.variants)));
let offset = 0;
const rows = entries.map((e) => {
    const views = Object.values(e.variants).map((v) => {
        const view = v.length ? `{porchlight_web + ${offset}, ${v.length}}` : "{}";
        offset += v.length;
        return view;
    });
    return `    {"${e.path}", "${e.type}", ${JSON.stringify(e.etag)},\n     ${views.join(", ")}},\n`;
});
writeIfChanged("files.bin", bytes);
// The sum makes this file change when the bytes do.
writeIfChanged(
    "files.S",
    `// ${createHash("sha256").update(bytes).digest("hex")}
    .section .rodata
    .global porchlight_web
    .balign 16
porchlight_web:
    .incbin "files.bin"
    .byte 0
    .section .note.GNU-stack,"",%progbits
`,
);
writeIfChanged(
    "files.cc",
    `#include "pages/embedded.h"

extern "C" const char porchlight_web[];

namespace porchlight::pages {

namespace {
const file files[] = {
${rows.join("")}};
}  // namespace

std::span<const file> embedded() {
    return files;
}

}  // namespace porchlight::pages
`,
);
const kilobytes = (n) => `${Math.round(n / 1024)} KB`;
const sum = (name) => entries.reduce((n, e) => n + (e.variants[name].length || e.variants.plain.length), 0);
console.log(
    `${entries.length} files, ${kilobytes(sum("plain"))}; gzip ${kilobytes(sum("gzip"))}, Brotli ${kilobytes(sum("brotli"))}`,
);
