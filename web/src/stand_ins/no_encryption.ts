// In the place of matrix-js-sdk's encryption library, which it loads only when asked to encrypt.
export function initAsync(): never {
    throw new Error("This page has no encryption.");
}
