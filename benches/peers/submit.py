"""What a script with aiohttp does: read the sheet, so many workers, one write at the end.

Nothing is durable before that write. MANIFEST BASE LOG WORKERS
"""

import asyncio
import csv
import json
import sys

import aiohttp

HEADERS = {"authorization": "Bearer rph_live_bench"}


async def main(manifest, base, log, workers):
    with open(manifest, encoding="utf-8", newline="") as file:
        rows = iter(list(csv.DictReader(file)))
    results = []

    async def work(session):
        for row in rows:
            body = {
                "model": "kling-v3",
                "prompt": row["video_prompt"],
                "image_url": row["image_url"],
                "duration": "5s",
                "aspect_ratio": "16:9",
            }
            async with session.post(f"{base}/v1/video/generations", json=body, headers=HEADERS) as reply:
                reply.raise_for_status()
                known = await reply.json()
            results.append({"sku": row["sku"], "generation_id": known["id"], "status": known["status"]})

    connector = aiohttp.TCPConnector(limit=int(workers))
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session) for _ in range(int(workers))))
    with open(log, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(result) + "\n" for result in results)


asyncio.run(main(*sys.argv[1:]))
