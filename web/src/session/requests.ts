// The requests of the Matrix client. Two things it does not do by itself:
// - A poll whose answer is overdue is given up (the network may have gone without a word), and so is the
//   one in flight when freshen() is called, e.g. after the computer slept.
// - What the library asks for and this page has no use for (calls) is answered here.
const overdueMs = 15_000;
const unused = /\/(voip\/turnServer|rtc\/transports)$/;

export class Requests {
    private poll: AbortController | undefined;

    freshen(): void {
        this.poll?.abort();
    }

    readonly fetch = async (
        input: RequestInfo | URL,
        init: RequestInit = {},
    ): Promise<Response> => {
        const url = new URL(input instanceof Request ? input.url : input.toString());
        if (unused.test(url.pathname)) {
            return new Response('{"errcode":"M_UNRECOGNIZED","error":"Not used here."}', {
                status: 404,
                headers: { "Content-Type": "application/json" },
            });
        }
        if (!url.pathname.endsWith("/sync")) {
            return fetch(input, init);
        }
        const abort = new AbortController();
        this.poll = abort;
        const waitMs = Number(url.searchParams.get("timeout") ?? 0) + overdueMs;
        const timer = setTimeout(() => abort.abort(), waitMs);
        init.signal?.addEventListener("abort", () => abort.abort());
        try {
            const response = await fetch(input, { ...init, signal: abort.signal });
            // The body belongs to the wait, too.
            const body = await response.arrayBuffer();
            return new Response(body, { status: response.status, headers: response.headers });
        } finally {
            clearTimeout(timer);
        }
    };
}
