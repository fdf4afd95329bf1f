// Cases of sessions, profile, presence, filters, account data, push rules and presence lists.
export async function accounts(w, { server, alice, bob }) {
    const [token, userId] = [alice.token, alice.id];
    const other = bob.id;
    const nobody = "@nobody:porch.test";

    await w.ok("GET /_matrix/client/versions");
    await w.ok("GET /.well-known/matrix/client");
    await w.ok("GET /capabilities", { token });

    const password = { type: "m.login.password", identifier: { type: "m.id.user", user: "alice" } };
    await w.ok("GET /login");
    const second = await w.ok("POST /login", { body: { ...password, password: "alice-secret" } });
    await w.no("POST /login", "403 M_FORBIDDEN", { body: { ...password, password: "wrong" } });
    await w.no("POST /login", "400 M_INVALID_PARAM", { body: { type: "m.login.smoke" } });
    await w.no("POST /login", "400 M_BAD_JSON", { body: { type: 7 } });
    await w.ok("POST /logout", { token: second.access_token });
    const auth = { type: "m.login.dummy" };
    const spare = await w.ok("POST /register", { body: { username: "spare", password: "spare-secret", auth } });
    await w.no("POST /register", "401 flows", { body: { username: "other", password: "other-secret" } });
    await w.no("POST /register", "400 M_USER_IN_USE", { body: { username: "alice", password: "alice-secret", auth } });
    await w.no("POST /register", "400 M_INVALID_USERNAME", { body: { username: "A B", password: "alice-secret", auth } });
    await w.ok("GET /register/available", { query: { username: "free" } });
    await w.no("GET /register/available", "400 M_USER_IN_USE", { query: { username: "alice" } });
    await w.no("GET /register/available", "400 M_INVALID_USERNAME", { query: { username: "A B" } });
    await w.ok("GET /account/whoami", { token });

    const of = (secret) => ({ type: "m.login.password", password: secret,
        identifier: { type: "m.id.user", user: "spare" } });
    await w.no("POST /account/password", "401 flows", { token: spare.access_token, body: { new_password: "spare-other" } });
    await w.ok("POST /account/password",
        { token: spare.access_token, body: { new_password: "spare-other", auth: of("spare-secret") } });
    await w.no("POST /account/deactivate", "401 flows", { token: spare.access_token });
    await w.ok("POST /account/deactivate", { token: spare.access_token, body: { auth: of("spare-other") } });
    const third = await server.register("third");
    await w.ok("POST /logout/all", { token: third.token });

    for (const [part, value] of [["displayname", "Alice"], ["avatar_url", "mxc://porch.test/a"]]) {
        await w.ok(`PUT /profile/{userId}/${part}`, { token, params: { userId }, body: { [part]: value } });
        await w.no(`PUT /profile/{userId}/${part}`, "403 M_FORBIDDEN",
            { token, params: { userId: other }, body: { [part]: value } });
        await w.ok(`GET /profile/{userId}/${part}`, { token, params: { userId } });
        await w.no(`GET /profile/{userId}/${part}`, "404 M_NOT_FOUND", { token, params: { userId: nobody } });
    }
    await w.ok("GET /profile/{userId}", { token, params: { userId } });
    await w.no("GET /profile/{userId}", "404 M_NOT_FOUND", { token, params: { userId: nobody } });

    const mine = { token, params: { userId } };
    const theirs = { token, params: { userId: other } };
    for (const presence of ["unavailable", "busy", "free_for_chat", "offline", "online"]) {
        await w.ok("PUT /presence/{userId}/status", { ...mine, body: { presence, status_msg: presence } });
        await w.ok("GET /presence/{userId}/status", mine);
    }
    await w.no("PUT /presence/{userId}/status", "403 M_FORBIDDEN", { ...theirs, body: { presence: "online" } });
    await w.no("GET /presence/{userId}/status", "404 M_NOT_FOUND", { token, params: { userId: nobody } });

    await w.ok("POST /presence/list/{userId}", { ...mine, body: { invite: [other] } });
    await w.ok("GET /presence/list/{userId}", mine);
    await w.ok("POST /io.porchlight/presence/query", { token, body: { user_ids: [other, nobody] } });
    await w.no("POST /io.porchlight/presence/query", "400 M_BAD_JSON", { token, body: { user_ids: 7 } });
    const invites = "/io.porchlight/presence/invites/{userId}";
    const policy = "/io.porchlight/presence/policy/{userId}";
    await w.ok(`POST ${invites}`, { token: bob.token, params: { userId: other }, body: { accept: [userId] } });
    await w.ok(`GET ${invites}`, mine);
    await w.ok(`GET ${policy}`, mine);
    await w.ok(`PUT ${policy}`, { ...mine, body: { visibility: "lists_only" } });
    for (const key of ["GET /presence/list/{userId}", "POST /presence/list/{userId}", `GET ${invites}`,
        `POST ${invites}`, `GET ${policy}`, `PUT ${policy}`]) {
        await w.no(key, "403 M_FORBIDDEN", theirs);
    }

    const made = await w.ok("POST /user/{userId}/filter", { ...mine, body: { room: { timeline: { limit: 3 } } } });
    await w.no("POST /user/{userId}/filter", "403 M_FORBIDDEN", theirs);
    await w.no("POST /user/{userId}/filter", "400 M_INVALID_PARAM", { ...mine, body: { room: 7 } });
    const filterId = made.filter_id;
    await w.ok("GET /user/{userId}/filter/{filterId}", { token, params: { userId, filterId } });
    await w.no("GET /user/{userId}/filter/{filterId}", "403 M_FORBIDDEN", { token, params: { userId: other, filterId } });
    await w.no("GET /user/{userId}/filter/{filterId}", "404 M_NOT_FOUND", { token, params: { userId, filterId: "4711" } });

    await account_data(w, { token, userId, other }, "/user/{userId}/account_data/{type}", {});
    const roomId = await server.room(alice);
    const in_room = "/user/{userId}/rooms/{roomId}/account_data/{type}";
    await account_data(w, { token, userId, other }, in_room, { roomId });
    for (const method of ["GET", "PUT"]) {
        await w.no(`${method} ${in_room}`, "400 M_INVALID_PARAM",
            { token, params: { userId, roomId: other, type: "org.example.a" } });
    }

    const rule = { kind: "override", ruleId: ".m.rule.master" };
    await w.ok("GET /pushrules", { token });
    await w.ok("GET /pushrules/", { token });
    await w.ok("GET /pushrules/global/", { token });
    await w.ok("GET /pushrules/global/{kind}/{ruleId}", { token, params: rule });
    await w.no("GET /pushrules/global/{kind}/{ruleId}", "404 M_NOT_FOUND", { token, params: { ...rule, ruleId: "none" } });
    await w.no("GET /pushrules/global/{kind}/{ruleId}", "400 M_INVALID_PARAM", { token, params: { ...rule, kind: "odd" } });
    for (const part of ["enabled", "actions"]) {
        await w.ok("GET /pushrules/global/{kind}/{ruleId}/{part}", { token, params: { ...rule, part } });
    }
    await w.no("GET /pushrules/global/{kind}/{ruleId}/{part}", "404 M_NOT_FOUND",
        { token, params: { ...rule, ruleId: "none", part: "enabled" } });
}

async function account_data(w, { token, userId, other }, path, place) {
    const type = "org.example.a";
    await w.ok(`PUT ${path}`, { token, params: { userId, type, ...place }, body: { a: 1 } });
    await w.no(`PUT ${path}`, "403 M_FORBIDDEN", { token, params: { userId: other, type, ...place }, body: {} });
    await w.no(`PUT ${path}`, "405 M_BAD_JSON", { token, params: { userId, type: "m.fully_read", ...place }, body: {} });
    await w.ok(`GET ${path}`, { token, params: { userId, type, ...place } });
    await w.no(`GET ${path}`, "403 M_FORBIDDEN", { token, params: { userId: other, type, ...place } });
    await w.no(`GET ${path}`, "404 M_NOT_FOUND", { token, params: { userId, type: "org.example.none", ...place } });
}
