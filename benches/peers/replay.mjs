// One good pass over captures: verify, parse, fold, append, one sync at the end. LOG CAPTURES
// Prints the seconds of the pass, and of reading the log before it.
import crypto from 'node:crypto';
import fs from 'node:fs';

const [log, captures] = process.argv.slice(2);
const RANK = { submitting: 0, unknown: 1, submit_failed: 2, pending: 3, processing: 4, failed: 5, completed: 6 };

function* linesOf(path) {
  const file = fs.openSync(path, 'r');
  const chunk = Buffer.allocUnsafe(4 << 20);
  let rest = Buffer.alloc(0);
  for (let count; (count = fs.readSync(file, chunk)) > 0;) {
    const block = Buffer.concat([rest, chunk.subarray(0, count)]);
    let start = 0;
    for (let end; (end = block.indexOf(10, start)) >= 0; start = end + 1) yield block.toString('utf8', start, end);
    rest = block.subarray(start);
  }
  fs.closeSync(file);
}

let began = performance.now();
const jobs = new Map();
const byId = new Map();
for (const line of linesOf(log)) {
  const { job, attempt, status, sku, generation_id: id } = JSON.parse(line);
  let known = jobs.get(job);
  if (!known) jobs.set(job, (known = { job, attempt, sku, rank: -1 }));
  known.rank = Math.max(known.rank, RANK[status] ?? -1);
  if (id) byId.set(id, known);
}
const reading = (performance.now() - began) / 1000;

began = performance.now();
const out = fs.openSync(log, 'a');
let batch = [];
for (const line of linesOf(captures)) {
  const capture = JSON.parse(line);
  const given = Buffer.from(capture.headers['x-creativeai-signature'].slice(7), 'hex');
  const right = crypto.createHmac('sha256', 'rph_live_bench').update(capture.body).digest();
  if (given.length !== right.length || !crypto.timingSafeEqual(given, right)) continue;
  const body = JSON.parse(capture.body);
  const known = byId.get(body.id);
  if (!known || RANK[body.status] <= known.rank) continue;
  known.rank = RANK[body.status];
  batch.push(JSON.stringify({
    at: new Date().toISOString(), job: known.job, attempt: known.attempt, status: body.status, sku: known.sku,
    generation_id: body.id, output_url: body.output_url, credits: body.credits, failover_used: body.failover_used,
    completed_at: body.completed_at, via: 'webhook',
  }));
  if (batch.length === 4096) {
    fs.writeSync(out, batch.join('\n') + '\n');
    batch = [];
  }
}
if (batch.length) fs.writeSync(out, batch.join('\n') + '\n');
fs.fsyncSync(out);
console.log(JSON.stringify({ pass: (performance.now() - began) / 1000, reading }));
