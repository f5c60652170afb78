-- +goose Up
-- The rows lie in the order in which they are listed: a page is a few leaves of the tree, one after the other.
CREATE TABLE transactions (
    tenant        TEXT    NOT NULL,
    livemode      INTEGER NOT NULL,
    account_id    TEXT    NOT NULL,
    transacted_at INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    bank_id       TEXT    NOT NULL,
    sequence      INTEGER NOT NULL,
    status        TEXT    NOT NULL,
    body          BLOB    NOT NULL,
    PRIMARY KEY (tenant, livemode, account_id, transacted_at, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX transactions_id ON transactions (tenant, livemode, id);

CREATE UNIQUE INDEX transactions_bank_id ON transactions (tenant, livemode, account_id, bank_id);

CREATE INDEX transactions_sequence ON transactions (tenant, livemode, account_id, sequence, transacted_at, id);

CREATE TABLE transaction_refreshes (
    tenant     TEXT    NOT NULL,
    livemode   INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    account_id TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,
    PRIMARY KEY (tenant, livemode, id)
) STRICT, WITHOUT ROWID;
