-- +goose Up
CREATE TABLE link_flows (
    number     INTEGER PRIMARY KEY,
    tenant     TEXT    NOT NULL,
    livemode   INTEGER NOT NULL,
    session_id TEXT    NOT NULL,
    state      BLOB    NOT NULL,
    sealed     BLOB    NOT NULL,
    UNIQUE (tenant, livemode, session_id)
) STRICT;

-- Not keyed by tenant and mode: the sandbox bank knows neither.
CREATE TABLE sandbox_grants (
    id         TEXT    NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL,
    expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sandbox_grants_expires ON sandbox_grants (expires);
