-- +goose Up
CREATE TABLE due (
    tenant       text COLLATE "C" NOT NULL,
    livemode     boolean          NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    key          text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,
    due_at       bigint           NOT NULL,
    attempt      bigint           NOT NULL,
    leased_until bigint           NOT NULL,
    payload      bytea            NOT NULL,
    PRIMARY KEY (tenant, livemode, kind, key)
);

-- For claiming, which goes over all tenants.
CREATE INDEX due_time ON due (due_at);

-- Not keyed by tenant and mode: these are the server's own.
CREATE TABLE settings (
    name  text COLLATE "C" NOT NULL PRIMARY KEY,
    value bytea            NOT NULL
);
