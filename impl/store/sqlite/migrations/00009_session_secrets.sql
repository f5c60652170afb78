-- +goose Up
-- A client_secret shows the time in its session's id, by which the session is found: there is no index of secrets, which
-- every insert would have to write to.
CREATE TABLE sessions_without_secrets (
    number   INTEGER PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    livemode INTEGER NOT NULL,
    id       TEXT    NOT NULL,
    body     BLOB    NOT NULL,
    UNIQUE (tenant, livemode, id)
) STRICT;
INSERT INTO sessions_without_secrets SELECT number, tenant, livemode, id, body FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_without_secrets RENAME TO sessions;
