-- Which history of the server a run has written to. One that has not come back after a failover may
-- know lines that the new server has never had.
ALTER TABLE {schema}.runs ADD COLUMN history text;
