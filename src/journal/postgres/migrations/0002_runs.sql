-- Who is at work, and the pause of a log.

-- A run that claims attempts. Its id is random; host and process are labels for people.
CREATE TABLE {schema}.runs (
    id text PRIMARY KEY,
    log bigint NOT NULL REFERENCES {schema}.logs (id),
    host text NOT NULL,
    process bigint NOT NULL,
    command text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Renewed while it has something claimed.
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz
);

CREATE INDEX runs_seen ON {schema}.runs (log, seen_at);

-- While a log is paused, nothing is claimed.
ALTER TABLE {schema}.logs
    ADD COLUMN paused_at timestamptz,
    ADD COLUMN paused_by text;

-- Whether another run has taken it over, to send the attempt again.
ALTER TABLE {schema}.claims
    ADD COLUMN resent boolean NOT NULL DEFAULT false;

CREATE INDEX claims_run ON {schema}.claims (run, claimed_at);
