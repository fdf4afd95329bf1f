// The list calls that matrix-js-sdk has no method for, over its own HTTP layer.
const unstable = "/_matrix/client/unstable/io.porchlight/presence";

function call(client, method, prefix, path, body) {
    return client.http.authedRequest(method, path, undefined, body, { prefix });
}

const own = (client) => encodeURIComponent(client.getUserId());

export const change = (client, body) =>
    call(client, "POST", "/_matrix/client/v3", `/presence/list/${own(client)}`, body);
export const list = (client) =>
    call(client, "GET", "/_matrix/client/v3", `/presence/list/${own(client)}`);
export const answer = (client, body) =>
    call(client, "POST", unstable, `/invites/${own(client)}`, body);
export const invites = (client) => call(client, "GET", unstable, `/invites/${own(client)}`);
export const setPolicy = (client, body) =>
    call(client, "PUT", unstable, `/policy/${own(client)}`, body);
