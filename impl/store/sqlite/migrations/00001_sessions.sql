-- +goose Up
CREATE TABLE sessions (
    tenant             TEXT    NOT NULL,
    livemode           INTEGER NOT NULL,
    id                 TEXT    NOT NULL,
    client_secret_hash BLOB    NOT NULL,
    body               BLOB    NOT NULL,
    PRIMARY KEY (tenant, livemode, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX sessions_client_secret ON sessions (tenant, livemode, client_secret_hash);
