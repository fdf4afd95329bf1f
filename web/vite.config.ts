import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import licences from "./licences";

// `npm run dev` beside `./dev run`, or beside the server that PORCHLIGHT names.
const beside = process.env["PORCHLIGHT"] ?? "http://127.0.0.1:8008";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
    plugins: [svelte(), licences()],
    resolve: {
        alias: [
            // Presence needs no encryption: five megabytes of WebAssembly stay out of the server.
            {
                find: /^\.\/rust-crypto\/index\.js$/,
                replacement: here("src/stand_ins/no_encryption.ts"),
            },
            { find: "matrix-widget-api", replacement: here("src/stand_ins/no_widgets.ts") },
        ],
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
        proxy: {
            "/_matrix": beside,
            "/_porchlight": beside,
            "/.well-known": beside,
        },
    },
    test: { include: ["src/**/*.test.ts"] },
});
