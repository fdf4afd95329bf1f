// What each route answers: the schema of a success, and the errors that are documented for it, as
// "status errcode". Our own reading of the client-server specification (1.16); the extensions are
// marked. No published package carries the specification's own schemas (docs/decisions/0025).
const string = { type: "string" };
const boolean = { type: "boolean" };
const integer = { type: "integer" };
const any = {};
const object = { type: "object" };
const nothing = { type: "object", maxProperties: 0 };
const list = (items) => ({ type: "array", items });
const map = (additionalProperties) => ({ type: "object", additionalProperties });
const one_of = (...values) => ({ enum: values });
// Fields that must be there, and those that may.
const fields = (required, optional = {}, more = {}) =>
    ({ type: "object", required: Object.keys(required), properties: { ...required, ...optional }, ...more });
const only = (required, optional) => fields(required, optional, { additionalProperties: false });

const user_id = { type: "string", pattern: "^@[^:]+:.+$" };
const room_id = { type: "string", pattern: "^!" };
const event_id = { type: "string", pattern: "^\\$" };
const alias = { type: "string", pattern: "^#[^:]+:.+$" };
const membership = one_of("join", "invite", "leave", "ban", "knock");

export const error = fields({ errcode: { type: "string", pattern: "^[A-Z0-9_]+$" }, error: string },
    { soft_logout: boolean, retry_after_ms: integer, current_version: string });
export const rate_limited = fields({ errcode: one_of("M_LIMIT_EXCEEDED"), error: string, retry_after_ms: integer });
const interactive = fields({ flows: list(fields({ stages: list(string) })), session: string },
    { params: object, completed: list(string), errcode: string, error: string });

// Extension: free_for_chat and busy; `hidden` stands in what users read of themselves alone.
const presence_enum = one_of("online", "offline", "unavailable", "free_for_chat", "busy");
const presence_fields = {
    status_msg: string, last_active_ago: integer, currently_active: boolean,
};
const presence = fields({ presence: presence_enum }, { ...presence_fields, hidden: boolean });
const presence_event = fields({ type: one_of("m.presence"), sender: user_id,
    content: fields({ presence: presence_enum }, { ...presence_fields, avatar_url: string,
        displayname: string, user_id }) });

const stripped = fields({ content: object, sender: user_id, state_key: string, type: string });
const event_without_room = fields(
    { content: object, event_id, origin_server_ts: integer, sender: user_id, type: string },
    { state_key: string, redacts: string,
        unsigned: fields({}, { age: integer, prev_content: object, redacted_because: object, transaction_id: string,
            membership }) });
const event = { allOf: [event_without_room, fields({ room_id })] };
const state_event = { allOf: [event, fields({ state_key: string })] };
const state_without_room = { allOf: [event_without_room, fields({ state_key: string })] };
const member_event = { allOf: [state_event,
    fields({ type: one_of("m.room.member"), content: fields({ membership }) })] };
const plain_event = fields({ type: string, content: object });
const events = (items) => fields({}, { events: list(items) });

const push_rule = fields({ actions: list({ anyOf: [string, object] }), default: boolean, enabled: boolean,
    rule_id: string }, { conditions: list(fields({ kind: string })), pattern: string });
const rule_set = fields({}, Object.fromEntries(
    ["override", "content", "room", "sender", "underride"].map((kind) => [kind, list(push_rule)])));

const timeline = fields({ events: list(event_without_room) }, { limited: boolean, prev_batch: string });
const sync = fields({ next_batch: string }, {
    account_data: events(plain_event),
    presence: events(presence_event),
    to_device: events(fields({ type: string, content: object, sender: user_id })),
    device_lists: fields({}, { changed: list(user_id), left: list(user_id) }),
    device_one_time_keys_count: map(integer),
    device_unused_fallback_key_types: list(string),
    rooms: fields({}, {
        join: map(fields({}, {
            summary: fields({}, { "m.heroes": list(user_id), "m.joined_member_count": integer,
                "m.invited_member_count": integer }),
            state: events(state_without_room), timeline, ephemeral: events(plain_event),
            account_data: events(plain_event),
            unread_notifications: fields({}, { highlight_count: integer, notification_count: integer }),
        })),
        invite: map(fields({}, { invite_state: events(stripped) })),
        knock: map(fields({}, { knock_state: events(stripped) })),
        leave: map(fields({}, { state: events(state_without_room), timeline, account_data: events(plain_event) })),
    }),
});
const page = fields({ start: string, chunk: list(event) }, { end: string, state: list(state_event) });
const room_snapshot = {
    membership, visibility: one_of("private", "public"), messages: fields({ start: string, end: string, chunk: list(event) }),
    state: list(state_event), account_data: list(plain_event), invite: object,
};
const public_rooms = fields({ chunk: list(fields(
    { room_id, num_joined_members: integer, world_readable: boolean, guest_can_join: boolean },
    { name: string, topic: string, canonical_alias: alias, avatar_url: string, join_rule: string, room_type: string })) },
    { next_batch: string, prev_batch: string, total_room_count_estimate: integer });

const tokens = { refresh_token: string, expires_in_ms: integer };
const session = fields({ user_id, access_token: string, device_id: string },
    { home_server: string, well_known: object, ...tokens });
const device = fields({ device_id: string }, { user_id, display_name: string, last_seen_ts: integer, last_seen_ip: string });
const media_config = fields({}, { "m.upload.size": integer });
const uploaded = fields({ content_uri: { type: "string", pattern: "^mxc://[^/]+/[A-Za-z0-9_-]+$" } });
const file = fields({ type: string });  // of the bytes
const image = fields({ type: { type: "string", pattern: "^image/" } });
const device_keys = fields({ user_id, device_id: string, algorithms: list(string), keys: map(string),
    signatures: map(map(string)) }, { unsigned: fields({}, { device_display_name: string }) });
const cross_key = fields({ user_id, usage: list(string), keys: map(string) }, { signatures: map(map(string)) });
const backup = fields({ algorithm: string, auth_data: object, count: integer, etag: string, version: string });
const key_data = fields({ first_message_index: integer, forwarded_count: integer, is_verified: boolean,
    session_data: object });
const room_keys = fields({ sessions: map(key_data) });
const backed_up = fields({ etag: string, count: integer });

const forbidden = "403 M_FORBIDDEN";
const not_found = "404 M_NOT_FOUND";
const invalid = "400 M_INVALID_PARAM";
const bad = "400 M_BAD_JSON";
const missing = "400 M_MISSING_PARAM";
const sent = [fields({ event_id }), forbidden];
const state_content = [object, forbidden, not_found];
const joined = [fields({ room_id }), forbidden];
const wrong_version = "403 M_WRONG_ROOM_KEYS_VERSION";

// Routes that only refuse, all alike.
const refused = (wanted, ...keys) => Object.fromEntries(keys.map((key) => [key, [null, wanted]]));

// { "METHOD path": [schema of a success, documented errors...] }. Beside those every route answers
// 401 without a valid token where it takes one, and 400 M_NOT_JSON where it takes a body.
export const routes = {
    "GET /_matrix/client/versions": [fields({ versions: list({ type: "string", pattern: "^(v|r)[0-9.]+$" }) },
        { unstable_features: map(boolean) })],
    "GET /.well-known/matrix/client": [fields({ "m.homeserver": fields({ base_url: string }) }), not_found],
    "GET /capabilities": [fields({ capabilities: fields({}, {
        "m.change_password": fields({ enabled: boolean }),
        "m.room_versions": fields({ default: string, available: map(one_of("stable", "unstable")) }) }) })],

    "GET /login": [fields({ flows: list(fields({ type: string })) })],
    "POST /login": [session, forbidden, bad, invalid],
    "POST /logout": [nothing],
    "POST /logout/all": [nothing],
    "POST /register": [session, "401 flows", "400 M_USER_IN_USE", "400 M_INVALID_USERNAME"],
    "GET /register/available": [only({ available: one_of(true) }), "400 M_USER_IN_USE", "400 M_INVALID_USERNAME"],
    "GET /account/whoami": [fields({ user_id }, { device_id: string, is_guest: boolean })],
    "POST /account/password": [nothing, "401 flows"],
    "POST /account/deactivate": [fields({ id_server_unbind_result: one_of("success", "no-support") }), "401 flows"],

    "POST /refresh": [fields({ access_token: string }, tokens), "401 M_UNKNOWN_TOKEN", missing],
    "GET /devices": [fields({ devices: list(device) })],
    "GET /devices/{deviceId}": [device, not_found],
    "PUT /devices/{deviceId}": [nothing, not_found],
    "DELETE /devices/{deviceId}": [nothing, "401 flows", not_found],
    "POST /delete_devices": [nothing, "401 flows", missing],
    "POST /user_directory/search": [fields({ limited: boolean, results: list(fields({ user_id },
        { display_name: string, avatar_url: string })) }), missing],

    "GET /profile/{userId}": [fields({}, { displayname: string, avatar_url: string }), not_found],
    "GET /profile/{userId}/displayname": [fields({}, { displayname: string }), not_found],
    "GET /profile/{userId}/avatar_url": [fields({}, { avatar_url: string }), not_found],
    "PUT /profile/{userId}/displayname": [nothing, forbidden],
    "PUT /profile/{userId}/avatar_url": [nothing, forbidden],

    "GET /presence/{userId}/status": [presence, not_found],
    "PUT /presence/{userId}/status": [nothing, forbidden],

    "POST /user/{userId}/filter": [fields({ filter_id: { type: "string", pattern: "^[^{]" } }), forbidden, invalid],
    "GET /user/{userId}/filter/{filterId}": [object, forbidden, not_found],
    "GET /user/{userId}/account_data/{type}": [object, forbidden, not_found],
    "PUT /user/{userId}/account_data/{type}": [nothing, forbidden, "405 M_BAD_JSON"],
    "GET /user/{userId}/rooms/{roomId}/account_data/{type}": [object, forbidden, not_found, invalid],
    "PUT /user/{userId}/rooms/{roomId}/account_data/{type}": [nothing, forbidden, invalid, "405 M_BAD_JSON"],

    "GET /pushrules": [fields({ global: rule_set })],
    "GET /pushrules/": [fields({ global: rule_set })],
    "GET /pushrules/global/": [rule_set],
    "GET /pushrules/global/{kind}/{ruleId}": [push_rule, not_found, invalid],
    "GET /pushrules/global/{kind}/{ruleId}/{part}": [
        { oneOf: [only({ enabled: boolean }), only({ actions: list(any) })] }, not_found],

    "POST /createRoom": [fields({ room_id }, { room_alias: alias }), "400 M_ROOM_IN_USE", "400 M_UNSUPPORTED_ROOM_VERSION"],
    "POST /join/{roomIdOrAlias}": [...joined, not_found],
    "POST /knock/{roomIdOrAlias}": [...joined, not_found],
    "POST /rooms/{roomId}/join": joined,
    "POST /rooms/{roomId}/leave": [nothing],
    "POST /rooms/{roomId}/invite": [nothing, forbidden],
    "POST /rooms/{roomId}/kick": [nothing, forbidden],
    "POST /rooms/{roomId}/ban": [nothing, forbidden],
    "POST /rooms/{roomId}/unban": [nothing, forbidden],
    "POST /rooms/{roomId}/forget": [nothing, "400 M_BAD_STATE"],
    "GET /joined_rooms": [fields({ joined_rooms: list(room_id) })],

    "GET /rooms/{roomId}/members": [fields({ chunk: list(member_event) }), forbidden],
    "GET /rooms/{roomId}/joined_members": [fields({ joined: map(fields({}, { display_name: string, avatar_url: string })) }),
        forbidden],
    "GET /rooms/{roomId}/state": [list(state_event), forbidden],
    "GET /rooms/{roomId}/state/{type}": state_content,
    "GET /rooms/{roomId}/state/{type}/": state_content,
    "GET /rooms/{roomId}/state/{type}/{stateKey}": state_content,
    "PUT /rooms/{roomId}/state/{type}": sent,
    "PUT /rooms/{roomId}/state/{type}/": sent,
    "PUT /rooms/{roomId}/state/{type}/{stateKey}": sent,

    "PUT /rooms/{roomId}/send/{type}/{txnId}": sent,
    "POST /rooms/{roomId}/send/{type}": sent,
    "PUT /rooms/{roomId}/redact/{eventId}/{txnId}": sent,
    "POST /rooms/{roomId}/redact/{eventId}": sent,
    "GET /rooms/{roomId}/messages": [page, forbidden],
    "GET /rooms/{roomId}/event/{eventId}": [event, not_found],
    "GET /rooms/{roomId}/context/{eventId}": [fields({}, { start: string, end: string, event,
        events_before: list(event), events_after: list(event), state: list(state_event) }), not_found],
    "GET /events/{eventId}": [event, not_found],

    "GET /directory/room/{roomAlias}": [fields({ room_id, servers: list(string) }), not_found, invalid],
    "PUT /directory/room/{roomAlias}": [nothing, invalid, "409 M_UNKNOWN"],
    "DELETE /directory/room/{roomAlias}": [nothing, not_found],
    "GET /rooms/{roomId}/aliases": [fields({ aliases: list(alias) }), forbidden],
    "GET /publicRooms": [public_rooms],
    "POST /publicRooms": [public_rooms],

    "PUT /rooms/{roomId}/typing/{userId}": [nothing, forbidden],
    "POST /rooms/{roomId}/receipt/{receiptType}/{eventId}": [nothing, forbidden],
    "POST /rooms/{roomId}/read_markers": [nothing, forbidden],
    "PUT /sendToDevice/{eventType}/{txnId}": [nothing],

    "POST /keys/upload": [fields({ one_time_key_counts: map(integer) }), invalid],
    "POST /keys/query": [fields({}, { failures: object, device_keys: map(map(device_keys)), master_keys: map(cross_key),
        self_signing_keys: map(cross_key), user_signing_keys: map(cross_key) }), bad],
    "POST /keys/claim": [fields({ one_time_keys: map(map(map({ anyOf: [string, object] }))) }, { failures: object }), bad],
    "GET /keys/changes": [fields({}, { changed: list(user_id), left: list(user_id) }), missing],
    "POST /keys/device_signing/upload": [nothing, "401 flows"],
    "POST /keys/signatures/upload": [fields({}, { failures: map(map(error)) })],
    "POST /room_keys/version": [fields({ version: string }), bad],
    "GET /room_keys/version": [backup, not_found],
    "GET /room_keys/version/{version}": [backup, not_found],
    "PUT /room_keys/version/{version}": [nothing, not_found],
    "DELETE /room_keys/version/{version}": [nothing, not_found],
    "GET /room_keys/keys": [fields({ rooms: map(room_keys) }), not_found],
    "PUT /room_keys/keys": [backed_up, not_found, wrong_version],
    "DELETE /room_keys/keys": [backed_up, not_found],
    "GET /room_keys/keys/{roomId}": [room_keys, not_found],
    "PUT /room_keys/keys/{roomId}": [backed_up, not_found, wrong_version],
    "DELETE /room_keys/keys/{roomId}": [backed_up, not_found],
    "GET /room_keys/keys/{roomId}/{sessionId}": [key_data, not_found],
    "PUT /room_keys/keys/{roomId}/{sessionId}": [backed_up, not_found, wrong_version],
    "DELETE /room_keys/keys/{roomId}/{sessionId}": [backed_up, not_found],

    "GET /sync": [sync, invalid],
    "GET /events": [fields({ chunk: list(object), start: string, end: string })],
    "GET /initialSync": [fields({ end: string, presence: list(presence_event),
        rooms: list(fields({ room_id, membership }, room_snapshot)) }, { account_data: list(plain_event) })],
    "GET /rooms/{roomId}/initialSync": [fields({ room_id }, { ...room_snapshot, presence: list(presence_event) }), forbidden],

    "POST /org.matrix.simplified_msc3575/sync": [fields({ pos: string, lists: map(fields({ count: integer })),
        rooms: map(object), extensions: object }), "400 M_UNKNOWN_POS", bad],

    "POST /upload": [uploaded],
    "POST /create": [fields({ content_uri: string }, { unused_expires_at: integer })],
    "PUT /upload/{serverName}/{mediaId}": [nothing, "409 M_CANNOT_OVERWRITE_MEDIA", not_found],
    "GET /config": [media_config],
    "GET /media/config": [media_config],
    "GET /media/download/{serverName}/{mediaId}": [file, not_found, "504 M_NOT_YET_UPLOADED"],
    "GET /media/download/{serverName}/{mediaId}/{fileName}": [file, not_found],
    "GET /media/thumbnail/{serverName}/{mediaId}": [image, not_found, "400 M_UNKNOWN", missing],
    "GET /download/{serverName}/{mediaId}": [file, not_found],
    "GET /download/{serverName}/{mediaId}/{fileName}": [file, not_found],
    "GET /thumbnail/{serverName}/{mediaId}": [image, not_found],

    "GET /account/3pid": [fields({ threepids: list(object) })],
    "GET /pushers": [fields({ pushers: list(object) })],
    "POST /pushers/set": [nothing, "404 M_UNRECOGNIZED", missing],
    "GET /thirdparty/protocols": [object],
    ...refused("403 M_THREEPID_DENIED", "POST /account/3pid", "POST /account/3pid/add", "POST /account/3pid/bind",
        "POST /account/3pid/delete", "POST /account/3pid/unbind", "POST /account/3pid/email/requestToken",
        "POST /account/3pid/msisdn/requestToken", "POST /account/password/email/requestToken",
        "POST /account/password/msisdn/requestToken", "POST /register/email/requestToken",
        "POST /register/msisdn/requestToken"),
    ...refused(forbidden, "POST /rooms/{roomId}/upgrade"),
    ...refused(not_found, "GET /thirdparty/protocol/{protocol}", "GET /thirdparty/location",
        "GET /thirdparty/location/{protocol}", "GET /thirdparty/user", "GET /thirdparty/user/{protocol}"),
    ...refused("404 M_UNRECOGNIZED", "GET /notifications", "GET /voip/turnServer",
        "GET /org.matrix.msc4143/rtc/transports", "GET /login/sso/redirect", "GET /login/sso/redirect/{idpId}",
        "POST /login/get_token", "POST /search", "GET /rooms/{roomId}/hierarchy", "GET /rooms/{roomId}/threads",
        "GET /rooms/{roomId}/timestamp_to_event", "GET /rooms/{roomId}/relations/{eventId}",
        "GET /rooms/{roomId}/relations/{eventId}/{relType}", "GET /rooms/{roomId}/relations/{eventId}/{relType}/{eventType}",
        "POST /rooms/{roomId}/report", "POST /rooms/{roomId}/report/{eventId}", "POST /users/{userId}/report",
        "POST /user/{userId}/openid/request_token", "GET /admin/whois/{userId}"),

    // Ours: docs/presence-lists.md tells them.
    "GET /presence/list/{userId}": [list(fields({ type: one_of("m.presence"), user_id, presence: presence_enum,
        accepted: boolean }, presence_fields)), forbidden],
    "POST /presence/list/{userId}": [object, forbidden],
    "POST /io.porchlight/presence/query": [object, bad],
    "GET /io.porchlight/presence/invites/{userId}": [object, forbidden],
    "POST /io.porchlight/presence/invites/{userId}": [object, forbidden],
    "GET /io.porchlight/presence/policy/{userId}": [fields({ visibility: string, auto_accept: any }), forbidden],
    "PUT /io.porchlight/presence/policy/{userId}": [object, forbidden],
};
export { interactive };
