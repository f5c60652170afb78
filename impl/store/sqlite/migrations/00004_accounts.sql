-- +goose Up
CREATE TABLE accounts (
    number               INTEGER PRIMARY KEY,
    tenant               TEXT    NOT NULL,
    livemode             INTEGER NOT NULL,
    id                   TEXT    NOT NULL,
    holder               TEXT    NOT NULL,
    authorization_id     TEXT    NOT NULL,
    bank_key             TEXT    NOT NULL,
    created              INTEGER NOT NULL,
    transaction_sequence INTEGER NOT NULL DEFAULT 0,
    body                 BLOB    NOT NULL,
    state                BLOB    NOT NULL,
    UNIQUE (tenant, livemode, id),
    UNIQUE (tenant, livemode, holder, bank_key)
) STRICT;

CREATE INDEX accounts_holder ON accounts (tenant, livemode, holder, id);

CREATE INDEX accounts_authorization ON accounts (tenant, livemode, authorization_id, id);

CREATE TABLE session_accounts (
    tenant     TEXT    NOT NULL,
    livemode   INTEGER NOT NULL,
    session_id TEXT    NOT NULL,
    account_id TEXT    NOT NULL,
    PRIMARY KEY (tenant, livemode, session_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE authorizations (
    number       INTEGER PRIMARY KEY,
    tenant       TEXT    NOT NULL,
    livemode     INTEGER NOT NULL,
    id           TEXT    NOT NULL,
    holder       TEXT    NOT NULL,
    institution  TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    body         BLOB    NOT NULL,
    grant_sealed BLOB    NOT NULL,
    state        BLOB    NOT NULL,
    UNIQUE (tenant, livemode, id),
    UNIQUE (tenant, livemode, holder, institution, subject)
) STRICT;

CREATE TABLE ownerships (
    number     INTEGER PRIMARY KEY,
    tenant     TEXT    NOT NULL,
    livemode   INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    account_id TEXT    NOT NULL,
    body       BLOB    NOT NULL,
    UNIQUE (tenant, livemode, id)
) STRICT;
