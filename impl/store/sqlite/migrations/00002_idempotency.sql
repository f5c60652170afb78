-- +goose Up
-- Digests are random, but rows append: only the index is written all over, and the oldest rows have the lowest numbers.
CREATE TABLE idempotency_keys (
    number      INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    livemode    INTEGER NOT NULL,
    key_digest  BLOB    NOT NULL,
    fingerprint BLOB    NOT NULL,
    path        BLOB    NOT NULL,
    request_id  TEXT    NOT NULL,
    status      INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    UNIQUE (tenant, livemode, key_digest)
) STRICT;
