-- Which computer the vendor has asked to leave it alone.

ALTER TABLE {schema}.logs
    ADD COLUMN quiet_by text;
