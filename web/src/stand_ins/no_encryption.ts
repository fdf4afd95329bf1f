// In the place of matrix-js-sdk's encryption, which it loads only when asked to encrypt.
export function initRustCrypto(): never {
    throw new Error("This page has no encryption.");
}
