-- Deliveries that receivers forward, each once to an address: written with the capture, marked once
-- the address has taken it.

CREATE TABLE {schema}.outbox (
    log bigint NOT NULL REFERENCES {schema}.logs (id),
    -- SHA-256 of the address: it may hold a secret.
    target bytea NOT NULL,
    -- Of the query and the body: a repetition is forwarded once, whatever path it came to.
    digest bytea NOT NULL,
    -- The capture's number, which is the order in which deliveries are forwarded.
    capture bigint NOT NULL,
    -- The receiver that forwards it, and until when no other one does.
    holder text,
    held_until timestamptz,
    -- When the address said that it does not want it.
    refused_at timestamptz,
    taken_at timestamptz,
    PRIMARY KEY (log, target, digest)
);

CREATE INDEX outbox_waiting ON {schema}.outbox (log, target, capture) WHERE taken_at IS NULL;
