"""The last state of each job, order-free, by DuckDB. Prints the query's seconds. LOG"""

import json
import sys
import time

import duckdb

QUERY = """
with ranked as (
  select job, credits, case status when 'submitting' then 0 when 'unknown' then 1
    when 'submit_failed' then 2 when 'pending' then 3 when 'processing' then 4
    when 'failed' then 5 when 'completed' then 6 end as rank
  from read_json(?, format = 'newline_delimited',
    columns = {job: 'VARCHAR', status: 'VARCHAR', credits: 'DOUBLE'})),
jobs as (select job, max(rank) as rank, max(credits) as credits from ranked group by job)
select rank, count(*), sum(credits) from jobs group by rank order by rank
"""
duckdb.execute("set threads = 2")
began = time.perf_counter()
rows = duckdb.execute(QUERY, [sys.argv[1]]).fetchall()
print(json.dumps({"seconds": time.perf_counter() - began, "rows": rows}))
