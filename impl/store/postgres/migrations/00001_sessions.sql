-- +goose Up
-- Bodies are text, not jsonb: they are served byte for byte as they were written.
CREATE TABLE sessions (
    tenant             text COLLATE "C" NOT NULL,
    livemode           boolean          NOT NULL,
    id                 text COLLATE "C" NOT NULL,
    client_secret_hash bytea            NOT NULL,
    body               text             NOT NULL,
    PRIMARY KEY (tenant, livemode, id)
);

CREATE UNIQUE INDEX sessions_client_secret ON sessions (tenant, livemode, client_secret_hash);
