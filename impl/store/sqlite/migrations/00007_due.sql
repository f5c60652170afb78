-- +goose Up
CREATE TABLE due (
    tenant       TEXT    NOT NULL,
    livemode     INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    due_at       INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    payload      BLOB    NOT NULL,
    PRIMARY KEY (tenant, livemode, kind, key)
) STRICT, WITHOUT ROWID;

-- For claiming, which goes over all tenants.
CREATE INDEX due_time ON due (due_at);

-- Not keyed by tenant and mode: these are the server's own.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
