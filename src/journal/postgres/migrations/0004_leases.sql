-- Who fetches or publishes what just now.

CREATE TABLE {schema}.leases (
    log bigint NOT NULL REFERENCES {schema}.logs (id),
    -- SHA-256 of the work and the listing or SKU that it is about.
    key bytea NOT NULL,
    -- It holds as long as this run is heard of.
    run text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, key)
);
