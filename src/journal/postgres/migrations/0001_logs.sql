-- Logs, their lines, and who may send which attempt.

CREATE SCHEMA {schema};

CREATE TABLE {schema}.migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    -- The oldest program, by the newest migration it knows, that may read or write these tables.
    minimum_reader integer NOT NULL,
    minimum_writer integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row a log. Whoever claims an attempt locks it first.
CREATE TABLE {schema}.logs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    -- Random: a copy of the database keeps it, another log of the same name has another.
    identity text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The lines, as they would stand in a file. They are only ever added.
CREATE TABLE {schema}.lines (
    log bigint NOT NULL REFERENCES {schema}.logs (id),
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    -- Which transaction has added it: a sequence is given out before its line can be seen.
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- SHA-256 of the line: it is kept once.
    digest bytea NOT NULL,
    job text,
    attempt integer,
    status text,
    generation_id text,
    line text NOT NULL,
    PRIMARY KEY (log, sequence),
    UNIQUE (log, digest)
);

CREATE INDEX lines_transaction ON {schema}.lines (log, transaction);
CREATE INDEX lines_job ON {schema}.lines (log, job);
CREATE INDEX lines_generation_id ON {schema}.lines (log, generation_id)
    WHERE generation_id IS NOT NULL;

-- An attempt that somebody sends, or has sent. A claim never ends.
CREATE TABLE {schema}.claims (
    log bigint NOT NULL REFERENCES {schema}.logs (id),
    job text NOT NULL,
    attempt integer NOT NULL,
    -- The run that has it; empty for an attempt that came with copied lines.
    run text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, job, attempt)
);
