-- Until when the vendor wants to be left alone, whichever computer it has said so to.

ALTER TABLE {schema}.logs
    ADD COLUMN quiet_until timestamptz;
