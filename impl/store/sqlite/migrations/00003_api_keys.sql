-- +goose Up
-- The one table that is not keyed by tenant and mode first: it is what a tenant is found by.
CREATE TABLE api_keys (
    hash     BLOB    NOT NULL PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    livemode INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    revoked  INTEGER NOT NULL,
    hint     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
