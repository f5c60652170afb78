-- +goose Up
CREATE TABLE events (
    tenant   text COLLATE "C" NOT NULL,
    livemode boolean          NOT NULL,
    id       text COLLATE "C" NOT NULL,
    type     text COLLATE "C" NOT NULL,
    created  bigint           NOT NULL,
    pending  bigint           NOT NULL,
    body     text             NOT NULL,
    PRIMARY KEY (tenant, livemode, id)
);

CREATE INDEX events_created ON events (tenant, livemode, created, id);

CREATE INDEX events_type ON events (tenant, livemode, type, created, id);

-- Few, as a rule: what a server that was away asks for.
CREATE INDEX events_undelivered ON events (tenant, livemode, created, id) WHERE pending > 0;

-- For pruning, which goes over all tenants. Negative, so that no tenant's list is ever read through it.
CREATE INDEX events_age ON events ((-created));

CREATE TABLE webhook_endpoints (
    tenant   text COLLATE "C" NOT NULL,
    livemode boolean          NOT NULL,
    id       text COLLATE "C" NOT NULL,
    enabled  boolean          NOT NULL,
    events   text COLLATE "C" NOT NULL,
    created  bigint           NOT NULL,
    body     text             NOT NULL,
    secret   bytea            NOT NULL,
    PRIMARY KEY (tenant, livemode, id)
);

-- The outbox: what an endpoint has not received. What was abandoned stays, for it is asked for again.
CREATE TABLE deliveries (
    tenant       text COLLATE "C" NOT NULL,
    livemode     boolean          NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    endpoint_id  text COLLATE "C" NOT NULL,
    due_at       bigint           NOT NULL,
    attempt      bigint           NOT NULL DEFAULT 0,
    leased_until bigint           NOT NULL DEFAULT 0,
    abandoned    boolean          NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, livemode, event_id, endpoint_id)
);

CREATE INDEX deliveries_endpoint ON deliveries (tenant, livemode, endpoint_id, due_at) WHERE NOT abandoned;

-- For the next of all. Negative, so that no endpoint's deliveries are ever looked for among those of all.
CREATE INDEX deliveries_due ON deliveries ((-due_at)) WHERE NOT abandoned;
