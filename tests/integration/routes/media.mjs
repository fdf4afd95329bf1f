// Cases of uploads, downloads and thumbnails.
import { Buffer } from "node:buffer";

// A red dot: 1 by 1.
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==", "base64");
const picture = { raw: png, type: "image/png" };

export async function media(w, { alice }) {
    const token = alice.token;
    await w.ok("GET /config", { token });
    await w.ok("GET /media/config", { token });
    const id = (r) => r.content_uri.split("/").pop();
    const params = { serverName: "porch.test", mediaId: id(await w.ok("POST /upload", { token, ...picture })), fileName: "dot.png" };
    const text = { ...params, mediaId: id(await w.ok("POST /upload", { token, raw: "no picture", type: "text/plain" })) };
    const absent = { ...params, mediaId: "none" };
    const elsewhere = { ...params, serverName: "elsewhere.test" };

    const made = await w.ok("POST /create", { token });
    const later = { ...params, mediaId: id(made) };
    const download = "GET /media/download/{serverName}/{mediaId}";
    await w.no(download, "504 M_NOT_YET_UPLOADED", { token, params: later, query: { timeout_ms: 0 } });
    await w.ok("PUT /upload/{serverName}/{mediaId}", { token, params: later, ...picture });
    await w.no("PUT /upload/{serverName}/{mediaId}", "409 M_CANNOT_OVERWRITE_MEDIA", { token, params: later, ...picture });
    await w.no("PUT /upload/{serverName}/{mediaId}", "404 M_NOT_FOUND", { token, params: absent, ...picture });

    for (const key of [download, `${download}/{fileName}`]) {
        await w.ok(key, { token, params, bytes: true });
        await w.no(key, "404 M_NOT_FOUND", { token, params: absent });
        await w.no(key, "404 M_NOT_FOUND", { token, params: elsewhere });
    }
    const thumbnail = "GET /media/thumbnail/{serverName}/{mediaId}";
    const query = { width: 32, height: 32, method: "crop" };
    await w.ok(thumbnail, { token, params, query, bytes: true });
    await w.no(thumbnail, "404 M_NOT_FOUND", { token, params: absent, query });
    await w.no(thumbnail, "400 M_UNKNOWN", { token, params: text, query });
    await w.no(thumbnail, "400 M_MISSING_PARAM", { token, params });

    // The old paths, without a token, answer nothing unless the administrator opens them.
    for (const key of ["GET /download/{serverName}/{mediaId}", "GET /download/{serverName}/{mediaId}/{fileName}",
        "GET /thumbnail/{serverName}/{mediaId}"]) {
        await w.no(key, "404 M_NOT_FOUND", { params, query });
    }
    return { params, query };
}

// On a server that was told so.
export async function legacy_media(w, { token }) {
    const { content_uri } = await w.ok("POST /upload", { token, ...picture });
    const params = { serverName: "porch.test", mediaId: content_uri.split("/").pop(), fileName: "dot.png" };
    for (const key of ["GET /download/{serverName}/{mediaId}", "GET /download/{serverName}/{mediaId}/{fileName}",
        "GET /thumbnail/{serverName}/{mediaId}"]) {
        await w.ok(key, { params, query: { width: 32, height: 32 }, bytes: true });
    }
}
