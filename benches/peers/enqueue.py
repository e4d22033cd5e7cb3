"""What would be built on procrastinate: the rows become jobs of its queue, and so many workers claim
them, POST them and complete them. MANIFEST BASE DATABASE WORKERS; prints the seconds.
"""

import asyncio
import csv
import logging
import sys
import time

import aiohttp
import procrastinate

HEADERS = {"authorization": "Bearer rph_live_bench"}


async def main(manifest, base, database, workers):
    logging.disable(logging.CRITICAL)
    with open(manifest, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database, min_size=10, max_size=10))
    connector = aiohttp.TCPConnector(limit=int(workers))
    async with app.open_async(), aiohttp.ClientSession(connector=connector) as session:
        await app.schema_manager.apply_schema_async()

        @app.task(name="submit")
        async def submit(row):
            body = {
                "model": "kling-v3",
                "prompt": row["video_prompt"],
                "image_url": row["image_url"],
                "duration": "5s",
                "aspect_ratio": "16:9",
            }
            async with session.post(f"{base}/v1/video/generations", json=body, headers=HEADERS) as reply:
                reply.raise_for_status()
                await reply.json()

        began = time.perf_counter()
        for first in range(0, len(rows), 1000):
            await submit.batch_defer_async(*({"row": row} for row in rows[first : first + 1000]))
        await app.run_worker_async(
            concurrency=int(workers), wait=False, listen_notify=False, install_signal_handlers=False
        )
        print(time.perf_counter() - began)


asyncio.run(main(*sys.argv[1:]))
