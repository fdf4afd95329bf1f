import type { Session } from "../session/session.svelte";

// Changes of one's name and picture. The new values come back as presence, like everybody's.
const sideMax = 512;
const fileBytesMax = 20 << 20;

class PictureError extends Error {
    override name = "PictureError";
}

export async function setName(session: Session, displayname: string): Promise<void> {
    const path = `/profile/${encodeURIComponent(session.userId)}/displayname`;
    await session.request("PUT", path, { displayname });
}

// Cut to a square and made small here: what the camera wrote into the file stays here, too.
async function drawn(file: File): Promise<Blob> {
    if (file.size > fileBytesMax) {
        throw new PictureError("This picture is larger than 20 MB.");
    }
    let image: ImageBitmap;
    try {
        image = await createImageBitmap(file);
    } catch {
        throw new PictureError("This file is no picture that the browser can read.");
    }
    const cut = Math.min(image.width, image.height);
    const side = Math.min(cut, sideMax);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    canvas
        .getContext("2d")!
        .drawImage(
            image,
            (image.width - cut) / 2,
            (image.height - cut) / 2,
            cut,
            cut,
            0,
            0,
            side,
            side,
        );
    image.close();
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.88));
    if (!blob) {
        throw new PictureError("The browser could not make the picture small.");
    }
    return blob;
}

export async function setPicture(session: Session, file: File | undefined): Promise<void> {
    let avatar_url = "";
    if (file) {
        const blob = await drawn(file);
        avatar_url = (
            await session.client.uploadContent(blob, { name: "avatar.jpg", type: blob.type })
        ).content_uri;
    }
    await session.request("PUT", `/profile/${encodeURIComponent(session.userId)}/avatar_url`, {
        avatar_url,
    });
}
