"""The macro benches: each job of the tool beside what people would use in its place.

    python3 benches/run.py [NAME...] [--small] [--runs N] [--bin FILE] [--data FOLDER] [--json FILE] [--svg FILE]
                            [--page FILE]

Prints a table of ratios, taken within one run since computers differ more than programs. Only this
computer is ever asked: every server is started here, on a free port of 127.0.0.1. Peers that are
not installed (oha, node, aiohttp, duckdb, hyperfine, PostgreSQL, graphile-worker, procrastinate) are
skipped, and that is said. OHA and BENCH_PYTHON name other places for oha and for a Python that has
aiohttp, duckdb and procrastinate; NODE_PATH a folder with graphile-worker.
"""

import argparse
import contextlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)
import data  # noqa: E402
import database as on_database  # noqa: E402
import draw  # noqa: E402

OHA = os.environ.get("OHA") or shutil.which("oha")
NODE = shutil.which("node")
PYTHON = os.environ.get("BENCH_PYTHON", sys.executable)
POST_BODY = json.dumps(
    {
        "model": data.MODEL,
        "prompt": data.plain(data.PROMPTS[0]),
        "image_url": "https://cdn.example.com/catalog/0000000/front.jpg",
        "duration": data.DURATION,
        "aspect_ratio": data.RATIO,
    },
    separators=(",", ":"),
)


class Missing(Exception):
    """A peer that is not installed."""


def run(command, **options):
    """Runs a command to its end: seconds, CPU seconds, peak memory in bytes, what it printed."""
    env = {**os.environ, "CREATIVEAI_API_KEY": data.KEY, **options.pop("env", {})}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=env, **options)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode()
        if process.returncode not in (0, 1):
            err.seek(0)
            raise RuntimeError(f"{command}: exit {process.returncode}: {err.read().decode()[-800:]}")
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss * 1024, "out": text}


def best(times, once):
    """The quickest of several runs; other work on the computer only ever makes one slower."""
    return min((once() for _ in range(times)), key=lambda done: done["seconds"])


@contextlib.contextmanager
def server(command):
    """A server that tells its address on its first line."""
    env = {**os.environ, "CREATIVEAI_API_KEY": data.KEY}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    try:
        told = process.stdout.readline()
        address = re.search(r"127\.0\.0\.1:\d+", told)
        if not address:
            raise RuntimeError(f"{command} did not start on this computer: {told!r}")
        yield address[0]
    finally:
        process.terminate()
        process.wait()


class Bench:
    """Where things are, and what was found."""

    def __init__(self, args):
        self.args = args
        self.bin = args.bin
        self.peers = build_peers()
        self.work = tempfile.mkdtemp(prefix="bench-", dir=args.data)
        self.rows = []
        self.skipped = []

    def file(self, name, jobs):
        return data.make(self.args.data, name, jobs)

    def copy(self, name, jobs):
        """A log that may be written to."""
        path = self.file_of("jobs.jsonl")
        shutil.copyfile(self.file(name, jobs), path)
        os.sync()
        return path

    def fresh(self):
        return self.file_of("new.jsonl")

    def file_of(self, name):
        """A file that is not there yet."""
        path = os.path.join(self.work, name)
        # The file beside a log remembers it.
        for there in (path, f"{path}.lock"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(there)
        return path

    def tool(self, *words):
        return run([self.bin, "-q", *map(str, words)])

    def best(self, once, times=None):
        return best(times or self.args.runs, once)

    def load(self, url, requests, in_flight, body=None, headers=()):
        """Requests a second of the bare load generator."""
        if not OHA:
            raise Missing("oha")
        command = [OHA, "--no-tui", "--output-format", "json", "-n", str(requests), "-c", str(in_flight)]
        if body is not None:
            command += ["-m", "POST", "-T", "application/json", "-d", body]
        for header in headers:
            command += ["-H", header]

        def once():
            done = run([*command, url])
            found = json.loads(done["out"])
            if found["summary"]["successRate"] < 1:
                raise RuntimeError(f"oha: {found['statusCodeDistribution']}")
            return {"seconds": found["summary"]["total"], "cpu": done["cpu"]}

        return self.best(once)

    def tell(self, what, figure, aim=None, met=None, **more):
        """Notes a figure. `met` says whether the aim is."""
        self.rows.append({"what": what, "figure": figure, "aim": aim, "met": met, **more})
        mark = {True: "yes", False: "NO", None: ""}[met]
        print(f"  {what:<66} {figure:>22}   {aim or '':<22} {mark}", flush=True)


def build_peers():
    """The peers that are built here."""
    command = ["cargo", "bench", "--no-run", "--bench", "peers", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "peers":
            return message["executable"]
    raise RuntimeError("cargo built no peers")


def rate(count, done):
    return count / done["seconds"]


def per_second(number):
    return f"{number:,.0f}/s"


def megabytes(number):
    return f"{number / 1e6:,.0f} MB"


def submit(bench):
    """Rows against a server that answers at once, and one that takes 50 ms."""
    count = 500 if bench.args.small else 5000
    manifest = bench.file("manifest.csv", count)
    sent = lambda base, flight: lambda: bench.tool(
        "submit", manifest, "--jobs", bench.fresh(), "--base-url", f"http://{base}", "--concurrency", flight
    )
    with server([bench.peers, "bare", "0"]) as base:
        url = f"http://{base}/v1/video/generations"
        own = bench.best(sent(base, 64), bench.args.runs * 2)
        bench.tell(f"submit {count:,} rows, latency 0, 64 in flight", per_second(rate(count, own)))
        cpu = own["cpu"] / count * 1e6
        bench.tell("  CPU a job", f"{cpu:.0f} µs", "≤ 40 µs", cpu <= 40, value=cpu)
        try:
            oha = bench.load(url, count * 4, 64, POST_BODY)
            ratio = rate(count, own) / rate(count * 4, oha)
            bench.tell(f"  of oha's {per_second(rate(count * 4, oha))}", f"{ratio:.2f}", "≥ 0.5", ratio >= 0.5, value=ratio)
        except Missing as missing:
            bench.skipped.append(f"submit beside {missing}")
        if NODE:
            script = [NODE, os.path.join(HERE, "peers", "submit.mjs"), manifest, f"http://{base}", bench.fresh(), "64"]
            node = bench.best(lambda: run(script), 2)
            ratio = node["seconds"] / own["seconds"]
            bench.tell(f"  times the Node script's {per_second(rate(count, node))}", f"{ratio:.1f}", "≥ 15", ratio >= 15, value=ratio)
        else:
            bench.skipped.append("submit beside node")
        if has_module("aiohttp"):
            script = [PYTHON, os.path.join(HERE, "peers", "submit.py"), manifest, f"http://{base}", bench.fresh(), "64"]
            aiohttp = bench.best(lambda: run(script), 2)
            ratio = aiohttp["seconds"] / own["seconds"]
            bench.tell(f"  times the aiohttp script's {per_second(rate(count, aiohttp))}", f"{ratio:.1f}", value=ratio)
        else:
            bench.skipped.append("submit beside aiohttp")
        bare = best(bench.args.runs, lambda: bare_load(bench, url, count * 4, 64))
        ratio = rate(count, own) / rate(count * 4, bare)
        bench.tell(f"  of a bare loop's that writes nothing, {per_second(rate(count * 4, bare))}", f"{ratio:.2f}", value=ratio)
        bare = best(bench.args.runs, lambda: bare_load(bench, url, count * 4, 64, bench.fresh()))
        ratio = rate(count, own) / rate(count * 4, bare)
        bench.tell(f"  of a bare loop's that makes both lines durable, {per_second(rate(count * 4, bare))}", f"{ratio:.2f}", value=ratio)
        four = bench.best(sent(base, 4))
        disk = best(bench.args.runs, lambda: disk_rate(bench, 4))
        ratio = 2 * rate(count, four) / disk["rate"]
        bench.tell(
            f"submit, 4 in flight: durable lines of the disk's {per_second(disk['rate'])}", f"{ratio:.2f}", "≥ 0.8", ratio >= 0.8, value=ratio
        )
    with server([bench.peers, "bare", "50"]) as base:
        url = f"http://{base}/v1/video/generations"
        for flight, rows in ((4, count // 10), (64, count)):
            some = bench.file("manifest.csv", rows)
            own = bench.best(
                lambda: bench.tool(
                    "submit", some, "--jobs", bench.fresh(), "--base-url", f"http://{base}", "--concurrency", flight
                )
            )
            bare = best(bench.args.runs, lambda: bare_load(bench, url, rows, flight))
            ratio = own["seconds"] / bare["seconds"]
            bench.tell(f"submit, latency 50 ms, {flight} in flight: time of a bare load's", f"{ratio:.3f}", "≤ 1.03", ratio <= 1.03, value=ratio)


def disk_rate(bench, producers):
    """Lines a second that the disk makes durable; as a time, for `best`."""
    path = bench.fresh()
    found = float(run([bench.peers, "disk", path, str(producers), "10000"])["out"])
    return {"seconds": 1 / found, "rate": found}


def bare_load(bench, url, requests, in_flight, log=""):
    """A loop of POSTs; with a log, one line before each and one after it is made durable."""
    command = [bench.peers, "load", url, POST_BODY, str(requests), str(in_flight), log]
    return {"seconds": float(run(command)["out"])}


def has_module(name):
    found = subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True, check=False)
    return found.returncode == 0


def poll(bench):
    """Every job asked for once; each has ended."""
    count = 5000 if bench.args.small else 50_000
    with server([bench.peers, "bare", "0"]) as base:

        def once():
            log = bench.copy("two.jsonl", count)
            return bench.tool("reconcile", log, "--base-url", f"http://{base}", "--concurrency", 64)

        own = bench.best(once)
        bench.tell(f"poll {count:,} jobs, latency 0, 64 in flight", per_second(rate(count, own)))
        try:
            oha = bench.load(f"http://{base}/v1/video/generations/vgen_bench", count, 64)
            ratio = rate(count, own) / rate(count, oha)
            bench.tell(f"  of oha's {per_second(rate(count, oha))}", f"{ratio:.2f}", "≥ 0.5", ratio >= 0.5, value=ratio)
        except Missing as missing:
            bench.skipped.append(f"poll beside {missing}")


def replay(bench):
    """A capture of each job's end into a log in which all are under way; then the same again."""
    count = 20_000 if bench.args.small else 1_000_000
    captures = bench.file("captures.jsonl", count)
    log = None

    def once():
        nonlocal log
        log = bench.copy("two.jsonl", count)
        return bench.tool("reconcile", log, "--replay", captures)

    own = bench.best(once, 2)
    bench.tell(f"replay {count:,} captures into a log of {count:,} jobs", per_second(rate(count, own)), seconds=own["seconds"])
    limit = 64e6 + 100 * count
    bench.tell("  peak memory", megabytes(own["rss"]), f"≤ {megabytes(limit)}", own["rss"] <= limit, value=own["rss"])
    size = os.path.getsize(log)
    again = bench.best(lambda: bench.tool("reconcile", log, "--replay", captures), 2)
    appended = os.path.getsize(log) - size
    ratio = again["seconds"] / own["seconds"]
    bench.tell(f"  the same again: time, {appended} bytes appended", f"{ratio:.2f}", "≤ 1, 0 bytes", ratio <= 1 and not appended, value=ratio)
    if not NODE:
        bench.skipped.append("replay beside node")
        return
    log = bench.copy("two.jsonl", count)
    node = run([NODE, os.path.join(HERE, "peers", "replay.mjs"), log, captures])
    found = json.loads(node["out"])
    ratio = found["pass"] / own["seconds"]
    bench.tell(f"  times Node's pass alone ({per_second(count / found['pass'])})", f"{ratio:.1f}", "≥ 8", ratio >= 8, value=ratio)
    whole = node["seconds"] / own["seconds"]
    bench.tell(f"  times Node with the log read ({megabytes(node['rss'])})", f"{whole:.1f}", value=whole)


def status(bench):
    """The last state of each job."""
    count = 20_000 if bench.args.small else 1_000_000
    log = bench.file("three.jsonl", count)
    own = bench.best(lambda: bench.tool("status", log, "--summary", "--json"))
    lines = count * 3
    bench.tell(f"status --summary, {lines:,} lines, {count:,} jobs", f"{own['seconds']:.2f} s", seconds=own["seconds"])
    limit = 64e6 + 100 * count
    bench.tell("  peak memory", megabytes(own["rss"]), f"≤ {megabytes(limit)}", own["rss"] <= limit, value=own["rss"])

    def query():
        done = run([PYTHON, os.path.join(HERE, "peers", "status.py"), log])
        return {"seconds": json.loads(done["out"])["seconds"], "rss": done["rss"]}

    if not has_module("duckdb"):
        bench.skipped.append("status beside duckdb")
        return
    duck = bench.best(query)
    ratio = own["seconds"] / duck["seconds"]
    bench.tell(f"  time of DuckDB's {duck['seconds']:.2f} s ({megabytes(duck['rss'])})", f"{ratio:.2f}", "≤ 1", ratio <= 1, value=ratio)


def known(bench):
    """A manifest of which everything, nothing, or a little is sent."""
    count = 20_000 if bench.args.small else 1_000_000
    manifest = bench.file("manifest.csv", count)
    log = bench.copy("two.jsonl", count)
    nowhere = ("--base-url", "http://127.0.0.1:9")
    own = bench.best(lambda: bench.tool("submit", manifest, "--jobs", log, *nowhere), 2)
    bench.tell(f"submit {count:,} rows that are all in the log", f"{own['seconds']:.2f} s", "≤ 3 s", own["seconds"] <= 3, value=own["seconds"])
    bench.tell("  peak memory", megabytes(own["rss"]), "≤ 200 MB", own["rss"] <= 200e6, value=own["rss"])
    dry = bench.best(lambda: bench.tool("submit", manifest, "--jobs", bench.fresh(), "--dry-run"), 2)
    bench.tell(f"submit --dry-run of {count:,} new rows, {dry['seconds']:.2f} s: peak memory", megabytes(dry["rss"]), value=dry["rss"])
    with server([bench.peers, "bare", "0"]) as base:
        few = bench.best(
            lambda: bench.tool(
                "submit", manifest, "--jobs", bench.fresh(), "--base-url", f"http://{base}", "--max-jobs", 1000
            ),
            2,
        )
    bench.tell(
        f"submit --max-jobs 1000 of {count:,} rows, {few['seconds']:.2f} s: memory", megabytes(few["rss"]), "≤ 150 MB", few["rss"] <= 150e6, value=few["rss"]
    )


def listen(bench):
    """One webhook, over and over, each durable before its answer."""
    if not OHA:
        raise Missing("oha")
    count = 2000 if bench.args.small else 40_000
    with server([bench.peers, "receiver"]) as base:
        bare = bench.load(f"http://{base}{WEBHOOKS}", count, 64, *webhook())
    with listener(bench) as (url, body, headers):
        own = bench.load(url, count, 64, body, headers)
    ratio = rate(count, own) / rate(count, bare)
    bench.tell(f"listen, 64 connections: {per_second(rate(count, own))} of axum's {per_second(rate(count, bare))}", f"{ratio:.2f}", "≥ 0.4", ratio >= 0.4, value=ratio)


WEBHOOKS = "/webhooks/creativeai"


def webhook():
    """A delivery: its body and its headers."""
    body = '{"id":"vgen_bench","object":"video.generation","status":"completed","credits":5}'
    signature = hmac.digest(data.KEY.encode(), body.encode(), "sha256").hex()
    return body, [f"X-CreativeAI-Signature: sha256={signature}"]


@contextlib.contextmanager
def listener(bench, *options):
    """A receiver that keeps captures: its address, and what to send there."""
    address = f"127.0.0.1:{free_port()}"
    command = [bench.bin, "listen", "--addr", address, "--capture", bench.file_of("captured.jsonl"), *options]
    env = {**os.environ, "CREATIVEAI_API_KEY": data.KEY}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    try:
        process.stderr.readline()
        yield f"http://{address}{WEBHOOKS}", *webhook()
    finally:
        process.terminate()
        process.wait()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(bench):
    """How long it takes to begin."""
    hyperfine = shutil.which("hyperfine")
    if not hyperfine:
        raise Missing("hyperfine")
    log = bench.file("three.jsonl", 100)
    out = os.path.join(bench.work, "start.json")
    commands = ["true", f"{bench.bin} --version", f"{bench.bin} -q status {log} --summary", f"{bench.bin} status {log}"]
    run([hyperfine, "-N", "-w", "10", "-r", "150", "--export-json", out, *commands])
    with open(out, encoding="utf-8") as file:
        # The quickest is the least disturbed by other work.
        times = [result["min"] * 1000 for result in json.load(file)["results"]]
    for what, found in zip(("--version", "status --summary of 100 jobs", "status of 100 jobs"), times[1:]):
        ratio = found / times[0]
        bench.tell(f"start: {what}, {found:.1f} ms, times `true`", f"{ratio:.1f}", "≤ 2", ratio <= 2, value=ratio)


def growth(bench):
    """Ten times the work, at most eleven times the time."""
    small = 2_000 if bench.args.small else 20_000
    with server([bench.peers, "bare", "0"]) as base:
        here = ("--base-url", f"http://{base}", "--concurrency", 64)
        cases = {
            "submit": (small // 4, lambda n: ("submit", bench.file("manifest.csv", n), "--jobs", bench.fresh(), *here)),
            "submit, all known": (small, lambda n: ("submit", bench.file("manifest.csv", n), "--jobs", bench.copy("two.jsonl", n), *here)),
            "submit --dry-run": (small, lambda n: ("submit", bench.file("manifest.csv", n), "--jobs", bench.fresh(), "--dry-run")),
            "reconcile": (small // 4, lambda n: ("reconcile", bench.copy("two.jsonl", n), *here)),
            "reconcile --replay": (small, lambda n: ("reconcile", bench.copy("two.jsonl", n), "--replay", bench.file("captures.jsonl", n))),
            "retry --failed --dry-run": (small, lambda n: ("retry", bench.copy("three.jsonl", n), "--failed", "--dry-run")),
            "status": (small, lambda n: ("status", bench.file("three.jsonl", n))),
            "status --json": (small, lambda n: ("status", bench.file("three.jsonl", n), "--json")),
            "status --summary": (small * 5, lambda n: ("status", bench.file("three.jsonl", n), "--summary")),
            "report": (small, lambda n: ("report", bench.file("three.jsonl", n), "-o", os.path.join(bench.work, "report.html"))),
            "compact": (small, lambda n: ("compact", bench.copy("three.jsonl", n))),
        }
        for what, (count, words) in cases.items():
            little = bench.best(lambda: bench.tool(*words(count)))
            much = bench.best(lambda: bench.tool(*words(count * 10)), 2)
            ratio = much["seconds"] / little["seconds"]
            bench.tell(
                f"10 times the work: {what}, {count:,} in {little['seconds']:.2f} s", f"{ratio:.1f} times", "≤ 11 times", ratio <= 11, value=ratio
            )


def listening(bench):
    """Ten times the webhooks, each put into the log as well."""
    if not OHA:
        raise Missing("oha")
    count = 500 if bench.args.small else 10_000
    taken = []
    for webhooks in (count, count * 10):
        with listener(bench, "--jobs", bench.copy("two.jsonl", 1000)) as (url, body, headers):
            taken.append(bench.load(url, webhooks, 64, body, headers)["seconds"])
    ratio = taken[1] / taken[0]
    bench.tell(f"10 times the work: listen --jobs, {count:,} in {taken[0]:.2f} s", f"{ratio:.1f} times", "≤ 11 times", ratio <= 11, value=ratio)


def handing_over(bench):
    """Ten times the clips to fetch and to hand on, as long as each is a small file."""
    count = 20 if bench.args.small else 100
    with server([bench.bin, "sandbox", "--addr", "127.0.0.1:0", "--render-time", "0s"]) as base:
        taken = {}
        for jobs in (count, count * 10):
            log = os.path.join(bench.work, f"{jobs}.jsonl")
            here = ("--base-url", f"http://{base}")
            bench.tool("submit", bench.file("manifest.csv", jobs), "--jobs", log, *here, "--wait", "--interval", "1s")
            folder = os.path.join(bench.work, f"clips-{jobs}")
            taken["download", jobs] = bench.tool("download", log, "--dir", folder, *here)["seconds"]
            taken["publish --exec true", jobs] = bench.tool("publish", log, "--exec", "true", *here)["seconds"]
        for what in ("download", "publish --exec true"):
            little, much = taken[what, count], taken[what, count * 10]
            ratio = much / little
            bench.tell(f"10 times the work: {what}, {count} in {little:.2f} s", f"{ratio:.1f} times", "≤ 11 times", ratio <= 11, value=ratio)


def database(bench):
    """A log in a database beside the file, plain inserts, and queues."""
    if not on_database.programs():
        raise Missing("PostgreSQL")
    on_database.measure(bench, run, server, NODE, PYTHON, has_module)


GROUPS = {
    g.__name__: g
    for g in (submit, poll, replay, status, known, listen, start, growth, listening, handing_over, database)
}


def about():
    """What it was measured on."""
    cpu = "unknown"
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), cpu)
    version = lambda *command: subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "node": version(NODE, "--version") if NODE else None,
        "oha": version(OHA, "--version") if OHA else None,
        "duckdb": version(PYTHON, "-c", "import duckdb; print(duckdb.__version__)") or None,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *GROUPS], help="what to measure; everything without one")
    parser.add_argument("--small", action="store_true", help="a hundredth of the work, to see that it runs")
    parser.add_argument("--runs", type=int, default=3, help="the best of so many")
    parser.add_argument("--bin", default=os.path.join(ROOT, "target", "release", "creativeai"))
    parser.add_argument("--data", default=os.path.join(ROOT, "target", "bench-data"))
    parser.add_argument("--json", help="write the figures here")
    parser.add_argument("--svg", help="draw them here")
    parser.add_argument("--page", help="put them into this page, between its marks")
    args = parser.parse_args()
    os.makedirs(args.data, exist_ok=True)
    if not os.path.exists(args.bin):
        sys.exit(f"there is no {args.bin}: cargo build --release")
    bench = Bench(args)
    found = about()
    print(f"{found['cpu']}, {found['cores']} cores, load {found['load_before']}")
    try:
        for name in args.names or GROUPS:
            try:
                GROUPS[name](bench)
            except Missing as missing:
                bench.skipped.append(f"{name} needs {missing}")
    finally:
        shutil.rmtree(bench.work, ignore_errors=True)
    found["load_after"] = round(os.getloadavg()[0], 2)
    for skipped in bench.skipped:
        print(f"skipped: {skipped}, which is not installed")
    found["skipped"] = bench.skipped
    found["results"] = bench.rows
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1, ensure_ascii=False)
            file.write("\n")
    if args.svg:
        draw.draw(found, args.svg)
    if args.page:
        draw.put_in(found, args.page)


if __name__ == "__main__":
    main()
