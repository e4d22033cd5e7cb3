-- Deliveries that receivers have kept, each once.

CREATE TABLE {schema}.captures (
    log bigint NOT NULL REFERENCES {schema}.logs (id),
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    -- SHA-256 of the address and the body: a repetition is kept once, whichever receiver gets it.
    digest bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The receiver's host, a label for people.
    receiver text NOT NULL,
    -- The capture, as it would stand in a file of captures.
    envelope text NOT NULL,
    PRIMARY KEY (log, sequence),
    UNIQUE (log, digest)
);
