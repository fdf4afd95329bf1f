-- A database as version 5 of the schema wrote it. Frozen: never edit, add version_N.sql instead.
BEGIN;
CREATE TABLE account(
    user INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL,
    created INTEGER NOT NULL, deactivated INTEGER NOT NULL) STRICT;
CREATE TABLE profile(
    user INTEGER PRIMARY KEY, displayname TEXT NOT NULL, avatar_url TEXT NOT NULL) STRICT;
CREATE TABLE device(
    device INTEGER PRIMARY KEY, user INTEGER NOT NULL, device_id TEXT NOT NULL,
    display_name TEXT NOT NULL, token_hash BLOB NOT NULL UNIQUE, created INTEGER NOT NULL) STRICT;
CREATE TABLE filter(
    user INTEGER NOT NULL, filter INTEGER NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY(user, filter)) STRICT;
CREATE TABLE account_data(
    user INTEGER NOT NULL, room INTEGER NOT NULL, type TEXT NOT NULL, content TEXT NOT NULL,
    position INTEGER NOT NULL, PRIMARY KEY(user, room, type)) STRICT;
CREATE INDEX account_data_by_position ON account_data(position);
CREATE TABLE room(
    room INTEGER PRIMARY KEY, room_id TEXT NOT NULL UNIQUE, version TEXT NOT NULL,
    is_public INTEGER NOT NULL, member_count INTEGER NOT NULL) STRICT;
CREATE TABLE event(
    position INTEGER PRIMARY KEY, room INTEGER NOT NULL, event_id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL, state_key TEXT, sender TEXT NOT NULL, origin_server_ts INTEGER NOT NULL,
    json TEXT NOT NULL, depth INTEGER NOT NULL) STRICT;
CREATE INDEX event_by_room ON event(room);
CREATE INDEX event_by_state ON event(room, type, state_key) WHERE state_key IS NOT NULL;
CREATE TABLE membership(
    room INTEGER NOT NULL, user INTEGER NOT NULL, state INTEGER NOT NULL,
    position INTEGER NOT NULL, presence_position INTEGER NOT NULL, forgotten INTEGER NOT NULL,
    PRIMARY KEY(room, user)) STRICT, WITHOUT ROWID;
CREATE INDEX membership_by_position ON membership(position);
CREATE TABLE alias(
    alias TEXT PRIMARY KEY, room INTEGER NOT NULL, creator TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE receipt(
    room INTEGER NOT NULL, user INTEGER NOT NULL, type TEXT NOT NULL, event_id TEXT NOT NULL,
    ts INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY(room, user, type)) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_by_position ON receipt(position);
CREATE TABLE answered(
    device INTEGER NOT NULL, kind TEXT NOT NULL, txn_id TEXT NOT NULL, result TEXT NOT NULL,
    ts INTEGER NOT NULL, PRIMARY KEY(device, kind, txn_id)) STRICT, WITHOUT ROWID;
CREATE TABLE status(
    user INTEGER PRIMARY KEY, text TEXT NOT NULL, text_expires INTEGER, hidden INTEGER NOT NULL,
    hidden_by INTEGER NOT NULL, frozen_text TEXT NOT NULL, frozen_last_active INTEGER, suppressed TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE presence(
    user INTEGER PRIMARY KEY, state INTEGER NOT NULL, last_active INTEGER,
    changed INTEGER NOT NULL) STRICT;
CREATE TABLE loss(
    observer INTEGER NOT NULL, subject INTEGER NOT NULL, position INTEGER NOT NULL,
    last_active INTEGER, PRIMARY KEY(observer, subject)) STRICT, WITHOUT ROWID;
CREATE INDEX loss_by_position ON loss(position, last_active);
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX answered_by_age ON answered(ts);
CREATE INDEX event_state_by_room ON event(room) WHERE state_key IS NOT NULL;
CREATE INDEX receipt_by_room ON receipt(room, position);
CREATE INDEX account_data_by_user ON account_data(user, position);
CREATE TABLE name(user INTEGER PRIMARY KEY, user_id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE list_entry(
    observer INTEGER NOT NULL, subject INTEGER NOT NULL, state INTEGER NOT NULL,
    invited INTEGER NOT NULL, presence_position INTEGER NOT NULL,
    PRIMARY KEY(observer, subject)) STRICT, WITHOUT ROWID;
CREATE TABLE consent(
    subject INTEGER NOT NULL, observer INTEGER NOT NULL, state INTEGER NOT NULL,
    since INTEGER NOT NULL, noticed INTEGER,
    PRIMARY KEY(subject, observer)) STRICT, WITHOUT ROWID;
CREATE TABLE block(
    subject INTEGER NOT NULL, observer INTEGER NOT NULL, frozen_text TEXT NOT NULL,
    frozen_last_active INTEGER, presence_position INTEGER NOT NULL,
    PRIMARY KEY(subject, observer)) STRICT, WITHOUT ROWID;
CREATE TABLE policy(
    user INTEGER PRIMARY KEY, visibility INTEGER NOT NULL, auto_accept INTEGER,
    presence_position INTEGER NOT NULL, visibility_before INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE to_device(
    device INTEGER NOT NULL, position INTEGER NOT NULL, type TEXT NOT NULL, sender TEXT NOT NULL,
    content TEXT NOT NULL, PRIMARY KEY(device, position)) STRICT;
CREATE INDEX to_device_by_position ON to_device(position);
CREATE TABLE document(
    kind TEXT NOT NULL, user INTEGER NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,
    position INTEGER NOT NULL, PRIMARY KEY(kind, user, key)) STRICT, WITHOUT ROWID;
CREATE INDEX document_by_position ON document(position);
CREATE TABLE media(
    media_id TEXT PRIMARY KEY, user INTEGER NOT NULL, content_type TEXT NOT NULL,
    file_name TEXT NOT NULL, bytes INTEGER NOT NULL, created INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE INDEX media_by_user ON media(user, bytes);
INSERT INTO account VALUES(1, '@alice:here', '$argon2id$v=19$x', 1700000001000, 0);
INSERT INTO profile VALUES(1, 'Alice', '');
INSERT INTO device VALUES(1, 1, 'DEV1', 'phone', x'746f6b656e2d31', 1700000001000);
INSERT INTO filter VALUES(1, 0, '{}');
INSERT INTO account_data VALUES(1, -1, 'm.direct', '{}', 4);
INSERT INTO room VALUES(1, '!r1:here', '10', 1, 3);
INSERT INTO event VALUES(1, 1, '$e1', 'm.room.message', NULL, '@alice:here', 1700000001000,
    '{"n":1}', 2);
INSERT INTO event VALUES(2, 1, '$e2', 'm.room.name', '', '@alice:here', 1700000002000,
    '{"n":2}', 3);
INSERT INTO membership VALUES(1, 1, 2, 2, 131072, 0);
INSERT INTO alias VALUES('#a:here', 1, '@alice:here');
INSERT INTO receipt VALUES(1, 1, 'm.read', '$e1', 1700000001000, 3);
INSERT INTO answered VALUES(1, 'send', 'new', '$e1', 1700500000000);
INSERT INTO status VALUES(1, 'at lunch', NULL, 0, -1, '', NULL, '1');
INSERT INTO presence VALUES(1, 2, 1700000007000, 77);
INSERT INTO loss VALUES(1, 2, 66, NULL);
INSERT INTO meta VALUES('server_name', 'here');
INSERT INTO name VALUES(9, '@carol:there');
INSERT INTO list_entry VALUES(1, 9, 1, 1700000001000, 1);
INSERT INTO policy VALUES(1, 2, NULL, 88, 0);
INSERT INTO policy VALUES(2, 0, 3, 89, 2);
INSERT INTO document VALUES('device_keys', 1, 'DEV1', '{}', 5);
INSERT INTO media VALUES('abcd', 1, 'image/png', 'a.png', 70, 1700000001000);
INSERT INTO to_device VALUES(1, 5, 'm.presence_invite', '@carol:there', '{}');
COMMIT;
PRAGMA application_id = 1349673804;
PRAGMA user_version = 5;
