// What a vendor's sample script does, rebuilt: a naive parse, so many workers, one write at the end.
// Nothing is durable before that write. MANIFEST BASE LOG WORKERS
import fs from 'node:fs';

const [manifest, base, log, workers] = process.argv.slice(2);
const [head, ...lines] = fs.readFileSync(manifest, 'utf8').trim().split('\n');
const names = head.split(',');
const rows = lines.map((line) => {
  const cells = line.match(/("([^"]|"")*"|[^,]+)/g) ?? [];
  return Object.fromEntries(names.map((name, i) => [name, (cells[i] ?? '').replace(/^"|"$/g, '').replaceAll('""', '"')]));
});
const results = [];
let next = 0;

async function work() {
  while (next < rows.length) {
    const row = rows[next++];
    try {
      const reply = await fetch(`${base}/v1/video/generations`, {
        method: 'POST',
        headers: { authorization: 'Bearer rph_live_bench', 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'kling-v3', prompt: row.video_prompt, image_url: row.image_url, duration: '5s', aspect_ratio: '16:9',
        }),
      });
      if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
      const body = await reply.json();
      results.push({ sku: row.sku, generation_id: body.id, status: body.status });
    } catch (error) {
      results.push({ sku: row.sku, status: 'submit_failed', error: String(error) });
    }
  }
}

await Promise.all(Array.from({ length: Number(workers) }, work));
fs.writeFileSync(log, results.map((result) => JSON.stringify(result)).join('\n') + '\n');
