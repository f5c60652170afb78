-- +goose Up
CREATE TABLE accounts (
    tenant               text COLLATE "C" NOT NULL,
    livemode             boolean          NOT NULL,
    id                   text COLLATE "C" NOT NULL,
    holder               text COLLATE "C" NOT NULL,
    authorization_id     text COLLATE "C" NOT NULL,
    bank_key             text COLLATE "C" NOT NULL,
    created              bigint           NOT NULL,
    transaction_sequence bigint           NOT NULL DEFAULT 0,
    body                 text             NOT NULL,
    state                bytea            NOT NULL,
    PRIMARY KEY (tenant, livemode, id),
    UNIQUE (tenant, livemode, holder, bank_key)
);

CREATE INDEX accounts_holder ON accounts (tenant, livemode, holder, id);

CREATE INDEX accounts_authorization ON accounts (tenant, livemode, authorization_id, id);

CREATE TABLE session_accounts (
    tenant     text COLLATE "C" NOT NULL,
    livemode   boolean          NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, livemode, session_id, account_id)
);

CREATE TABLE authorizations (
    tenant       text COLLATE "C" NOT NULL,
    livemode     boolean          NOT NULL,
    id           text COLLATE "C" NOT NULL,
    holder       text COLLATE "C" NOT NULL,
    institution  text COLLATE "C" NOT NULL,
    subject      text COLLATE "C" NOT NULL,
    body         text             NOT NULL,
    grant_sealed bytea            NOT NULL,
    state        bytea            NOT NULL,
    PRIMARY KEY (tenant, livemode, id),
    UNIQUE (tenant, livemode, holder, institution, subject)
);

CREATE TABLE ownerships (
    tenant     text COLLATE "C" NOT NULL,
    livemode   boolean          NOT NULL,
    id         text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    body       text             NOT NULL,
    PRIMARY KEY (tenant, livemode, id)
);
