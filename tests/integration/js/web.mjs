// A page with matrix-js-sdk, as web clients bundle it, and headless Chromium to open it in.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const wasm = "pkg/matrix_sdk_crypto_wasm_bg.wasm";

const js_sdk = `import * as sdk from "matrix-js-sdk"; globalThis.matrix = sdk;
    import { CryptoEvent, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
    globalThis.crypto_api = { CryptoEvent, VerifierEvent };`;

export class Web {
    // `matrix` is then what the page calls: createClient, ClientEvent, ... Another client's
    // `contents` set it to theirs.
    async start(contents = js_sdk) {
        const bundle = await build({
            stdin: {
                contents,
                resolveDir: import.meta.dirname,
            },
            bundle: true,
            write: false,
            format: "esm",
            platform: "browser",
            external: ["crypto", "fs", "path"], // asked for under Node only
            define: { global: "globalThis" },
            logLevel: "error",
        });
        const files = {
            "/": ["text/html", "<!doctype html><title>client</title><script type=module src=/client.js></script>"],
            "/client.js": ["text/javascript", bundle.outputFiles[0].text],
            [`/${wasm}`]: ["application/wasm", readFileSync(join(import.meta.dirname,
                "node_modules/@matrix-org/matrix-sdk-crypto-wasm", wasm))],
        };
        this.site = createServer((request, response) => {
            const [type, content] = files[request.url] ?? ["text/plain", ""];
            response.setHeader("Content-Type", type);
            response.end(content);
        });
        await new Promise((resolve) => this.site.listen(0, "127.0.0.1", resolve));
        this.browser = await chromium.launch({
            executablePath: "/usr/bin/chromium",
            args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        return this;
    }

    // A page with storage of its own: another device.
    async page() {
        const page = await (await this.browser.newContext()).newPage();
        page.on("pageerror", (e) => console.error("page:", e.message));
        await page.goto(`http://127.0.0.1:${this.site.address().port}/`);
        await page.waitForFunction(() => globalThis.matrix);
        return page;
    }

    async end() {
        await this.browser?.close();
        this.site?.close();
    }
}
