// matrix-bot-sdk without its encryption: that is a native module which is no part of the npm package
// but fetched from elsewhere after the install, and no bot here encrypts.
import Module, { createRequire } from "node:module";

const load = Module._load;
Module._load = function (request, ...rest) {
    return request === "@matrix-org/matrix-sdk-crypto-nodejs" ? {} : load.call(this, request, ...rest);
};
export const { LogLevel, LogService, MatrixAuth, MatrixClient, MemoryStorageProvider } =
    createRequire(import.meta.url)("matrix-bot-sdk");
