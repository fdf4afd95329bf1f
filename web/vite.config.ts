import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
    plugins: [svelte()],
    resolve: {
        alias: {
            // Presence needs no encryption: five megabytes of WebAssembly stay out of the server.
            "@matrix-org/matrix-sdk-crypto-wasm": here("src/stand_ins/no_encryption.ts"),
        },
        // Components under vitest are those of the browser.
        conditions: process.env.VITEST ? ["browser"] : undefined,
    },
    build: {
        outDir: here("../build/web/files"),
        emptyOutDir: true,
        target: "es2022",
        // The content security policy allows no data: and no inline code.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 1500,
        rollupOptions: {
            input: { people: here("index.html"), admin: here("admin/index.html") },
        },
    },
    server: {
        // `npm run dev` beside `./dev run`.
        proxy: {
            "/_matrix": "http://127.0.0.1:8008",
            "/_porchlight": "http://127.0.0.1:8008",
            "/.well-known": "http://127.0.0.1:8008",
        },
    },
    test: { include: ["src/**/*.test.ts"] },
});
