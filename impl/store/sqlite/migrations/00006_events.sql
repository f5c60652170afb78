-- +goose Up
CREATE TABLE events (
    number   INTEGER PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    livemode INTEGER NOT NULL,
    id       TEXT    NOT NULL,
    type     TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    pending  INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    UNIQUE (tenant, livemode, id)
) STRICT;

CREATE INDEX events_created ON events (tenant, livemode, created, id);

CREATE INDEX events_type ON events (tenant, livemode, type, created, id);

-- Few, as a rule: what a server that was away asks for.
CREATE INDEX events_undelivered ON events (tenant, livemode, created, id) WHERE pending > 0;

CREATE TABLE webhook_endpoints (
    number   INTEGER PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    livemode INTEGER NOT NULL,
    id       TEXT    NOT NULL,
    enabled  INTEGER NOT NULL,
    events   TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    secret   BLOB    NOT NULL,
    UNIQUE (tenant, livemode, id)
) STRICT;

-- The outbox: what an endpoint has not received. What was abandoned stays, for it is asked for again.
CREATE TABLE deliveries (
    number       INTEGER PRIMARY KEY,
    tenant       TEXT    NOT NULL,
    livemode     INTEGER NOT NULL,
    event_id     TEXT    NOT NULL,
    endpoint_id  TEXT    NOT NULL,
    due_at       INTEGER NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER NOT NULL DEFAULT 0,
    abandoned    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, livemode, event_id, endpoint_id)
) STRICT;

CREATE INDEX deliveries_endpoint ON deliveries (tenant, livemode, endpoint_id, due_at) WHERE abandoned = 0;

-- For the next of all.
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE abandoned = 0;
