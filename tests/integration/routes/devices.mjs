// Cases of devices, refresh tokens, the user directory, and of what is refused cleanly.
export async function devices(w, { server, alice, bob }) {
    const token = alice.token;
    const auth = { type: "m.login.password", password: "alice-secret", identifier: { type: "m.id.user", user: "alice" } };
    const other = await w.ok("POST /login", { body: { ...auth, device_id: "OTHER", refresh_token: true } });
    const fresh = await w.ok("POST /refresh", { body: { refresh_token: other.refresh_token } });
    await w.ok("GET /account/whoami", { token: fresh.access_token });
    await w.no("POST /refresh", "401 M_UNKNOWN_TOKEN", { body: { refresh_token: other.refresh_token } });
    await w.no("POST /refresh", "400 M_MISSING_PARAM", { body: {} });

    const [mine, none] = [{ token, params: { deviceId: "OTHER" } }, { token, params: { deviceId: "NONE" } }];
    await w.ok("GET /devices", { token });
    await w.ok("PUT /devices/{deviceId}", { ...mine, body: { display_name: "the other one" } });
    await w.ok("GET /devices/{deviceId}", mine);
    await w.no("GET /devices/{deviceId}", "404 M_NOT_FOUND", none);
    await w.no("PUT /devices/{deviceId}", "404 M_NOT_FOUND", { ...none, body: { display_name: "x" } });
    await w.no("DELETE /devices/{deviceId}", "401 flows", { ...mine, body: {} });
    await w.no("DELETE /devices/{deviceId}", "404 M_NOT_FOUND", { ...none, body: { auth } });
    await w.ok("DELETE /devices/{deviceId}", { ...mine, body: { auth } });
    await w.no("POST /delete_devices", "401 flows", { token, body: { devices: ["OTHER"] } });
    await w.no("POST /delete_devices", "400 M_MISSING_PARAM", { token, body: { auth } });
    await w.ok("POST /delete_devices", { token, body: { devices: ["OTHER"], auth } });

    await server.room(alice, bob);
    await w.ok("POST /user_directory/search", { token, body: { search_term: "bob" } });
    await w.no("POST /user_directory/search", "400 M_MISSING_PARAM", { token, body: {} });
}

// Every route that only refuses has one answer; the rest say truthfully that there is nothing.
export async function refusals(w, { alice }) {
    const token = alice.token;
    for (const [key, wanted] of w.refusals()) await w.no(key, wanted, { token });
    await w.ok("GET /account/3pid", { token });
    await w.ok("GET /thirdparty/protocols", { token });
    await w.ok("GET /pushers", { token });
    await w.ok("POST /pushers/set", { token, body: { kind: null, app_id: "a", pushkey: "k" } });
    await w.no("POST /pushers/set", "404 M_UNRECOGNIZED", { token, body: { kind: "http", app_id: "a", pushkey: "k" } });
    await w.no("POST /pushers/set", "400 M_MISSING_PARAM", { token, body: {} });
}
