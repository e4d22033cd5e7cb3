-- Lines are not looked up by generation id in the database, and every accepted one paid for the index.

DROP INDEX IF EXISTS {schema}.lines_generation_id;
