-- +goose Up
-- Rows append, and so do the indexes, as ids grow with time. Not WITHOUT ROWID: that would keep whole bodies in the
-- upper levels of the tree too, five to a page, and the tree grows deep: reading one of a million took an eighth longer.
CREATE TABLE sessions (
    number             INTEGER PRIMARY KEY,
    tenant             TEXT    NOT NULL,
    livemode           INTEGER NOT NULL,
    id                 TEXT    NOT NULL,
    client_secret_hash BLOB    NOT NULL,
    body               BLOB    NOT NULL,
    UNIQUE (tenant, livemode, id),
    UNIQUE (tenant, livemode, client_secret_hash)
) STRICT;
