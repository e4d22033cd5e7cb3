// What would be built on graphile-worker: the rows become jobs of its queue, and so many workers claim
// them, POST them and complete them. MANIFEST BASE DATABASE WORKERS; prints the seconds. It is found
// by NODE_PATH.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const { makeWorkerUtils, run } = createRequire(import.meta.url)('graphile-worker');
const [manifest, base, connectionString, workers] = process.argv.slice(2);
const [head, ...lines] = fs.readFileSync(manifest, 'utf8').trim().split('\n');
const names = head.split(',');
const rows = lines.map((line) => {
  const cells = line.match(/("([^"]|"")*"|[^,]+)/g) ?? [];
  return Object.fromEntries(names.map((name, i) => [name, (cells[i] ?? '').replace(/^"|"$/g, '').replaceAll('""', '"')]));
});
const quiet = () => {};
const { Logger } = createRequire(import.meta.url)('graphile-worker');
const logger = new Logger(() => quiet);
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();

let left = rows.length;
let done;
const all = new Promise((resolve) => { done = resolve; });
const began = performance.now();
for (let i = 0; i < rows.length; i += 1000) {
  const jobs = rows.slice(i, i + 1000).map((payload) => ({ identifier: 'submit', payload }));
  await utils.addJobs(jobs);
}
const runner = await run({
  connectionString,
  logger,
  concurrency: Number(workers),
  maxPoolSize: 10,
  noHandleSignals: true,
  pollInterval: 100,
  taskList: {
    submit: async (row) => {
      const reply = await fetch(`${base}/v1/video/generations`, {
        method: 'POST',
        headers: { authorization: 'Bearer rph_live_bench', 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'kling-v3', prompt: row.video_prompt, image_url: row.image_url, duration: '5s', aspect_ratio: '16:9',
        }),
      });
      if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
      await reply.json();
    },
  },
});
runner.events.on('job:complete', () => {
  left -= 1;
  if (left === 0) done();
});
await all;
await runner.stop();
console.log((performance.now() - began) / 1000);
await utils.release();
