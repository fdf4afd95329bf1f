// A sentence for people, of whatever a request threw. The server's own words where it has any.
export class RequestError extends Error {
    constructor(
        readonly status: number,
        readonly errcode: string,
        message: string,
        readonly retryAfterMs?: number,
    ) {
        super(message);
    }
}

interface MatrixLike {
    httpStatus?: number;
    errcode?: string;
    data?: { error?: string; retry_after_ms?: number };
}

export function requestErrorOf(status: number, body: unknown): RequestError {
    const o = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    const retry = o["retry_after_ms"];
    return new RequestError(
        status,
        typeof o["errcode"] === "string" ? o["errcode"] : "",
        typeof o["error"] === "string" ? o["error"] : `The server answered with status ${status}.`,
        typeof retry === "number" ? retry : undefined,
    );
}

function inWords(ms: number): string {
    const seconds = Math.ceil(ms / 1000);
    if (seconds < 90) {
        return seconds === 1 ? "1 second" : `${seconds} seconds`;
    }
    const minutes = Math.ceil(seconds / 60);
    return minutes < 90 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`;
}

export function sentenceOf(error: unknown): string {
    const e = error as Partial<RequestError> & MatrixLike;
    const errcode = e.errcode ?? "";
    const retry = e.retryAfterMs ?? e.data?.retry_after_ms;
    if (errcode === "M_LIMIT_EXCEEDED") {
        return retry === undefined
            ? "Too often for now. Please try again a little later."
            : `Too often for now. Please try again in ${inWords(retry)}.`;
    }
    if (error instanceof RequestError) {
        return error.message;
    }
    if (e.data?.error) {
        return e.data.error;
    }
    if (e.httpStatus !== undefined) {
        return `The server answered with status ${e.httpStatus}.`;
    }
    return "The server does not answer. Is the connection there?";
}
