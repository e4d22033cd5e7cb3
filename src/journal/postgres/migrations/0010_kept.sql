-- Where a run that has ended has left answers that the log did not take in, for people.

ALTER TABLE {schema}.runs
    ADD COLUMN kept text;
