-- +goose Up
CREATE TABLE link_flows (
    tenant     text COLLATE "C" NOT NULL,
    livemode   boolean          NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    state      bytea            NOT NULL,
    sealed     bytea            NOT NULL,
    PRIMARY KEY (tenant, livemode, session_id)
);

-- Not keyed by tenant and mode: the sandbox bank knows neither.
CREATE TABLE sandbox_grants (
    id         text COLLATE "C" NOT NULL PRIMARY KEY,
    generation bigint           NOT NULL,
    expires    bigint           NOT NULL
);

CREATE INDEX sandbox_grants_expires ON sandbox_grants (expires);
