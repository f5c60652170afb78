-- +goose Up
CREATE TABLE idempotency_keys (
    tenant      text COLLATE "C" NOT NULL,
    livemode    boolean          NOT NULL,
    key_digest  bytea            NOT NULL,
    fingerprint bytea            NOT NULL,
    path        bytea            NOT NULL,
    request_id  text             NOT NULL,
    status      bigint           NOT NULL,
    created     bigint           NOT NULL,
    body        bytea            NOT NULL,
    PRIMARY KEY (tenant, livemode, key_digest)
);

-- For pruning, which goes over all tenants.
CREATE INDEX idempotency_keys_created ON idempotency_keys (created);
