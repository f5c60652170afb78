-- +goose Up
CREATE TABLE transactions (
    tenant        text COLLATE "C" NOT NULL,
    livemode      boolean          NOT NULL,
    account_id    text COLLATE "C" NOT NULL,
    transacted_at bigint           NOT NULL,
    id            text COLLATE "C" NOT NULL,
    bank_id       text COLLATE "C" NOT NULL,
    sequence      bigint           NOT NULL,
    status        text COLLATE "C" NOT NULL,
    body          text             NOT NULL,
    PRIMARY KEY (tenant, livemode, id),
    UNIQUE (tenant, livemode, account_id, bank_id)
);

CREATE INDEX transactions_account ON transactions (tenant, livemode, account_id, transacted_at, id);

CREATE INDEX transactions_sequence ON transactions (tenant, livemode, account_id, sequence, transacted_at, id);

CREATE TABLE transaction_refreshes (
    tenant     text COLLATE "C" NOT NULL,
    livemode   boolean          NOT NULL,
    id         text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    sequence   bigint           NOT NULL,
    PRIMARY KEY (tenant, livemode, id)
);
