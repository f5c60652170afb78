-- +goose Up
-- The one table that is not keyed by tenant and mode first: it is what a tenant is found by.
CREATE TABLE api_keys (
    hash     bytea            NOT NULL PRIMARY KEY,
    tenant   text COLLATE "C" NOT NULL,
    livemode boolean          NOT NULL,
    kind     text             NOT NULL,
    created  bigint           NOT NULL,
    revoked  bigint           NOT NULL,
    hint     text             NOT NULL
);
