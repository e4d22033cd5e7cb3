"""The bench of a log in a database, on a PostgreSQL server that is started here.

`submit` through the database beside the file, beside pgbench that inserts the same bytes, and beside
what would be built on a queue in the same database: graphile-worker (found by NODE_PATH) and
procrastinate (found by BENCH_PYTHON).
"""

import contextlib
import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time

NOBODY = 65534
BATCH = 64


def programs():
    """Where the server's programs are; Debian keeps them out of the PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    path = found[-1] if found else shutil.which("initdb")
    return os.path.dirname(path) if path else None


@contextlib.contextmanager
def postgres():
    """A server with the settings that it comes with, on a free port: its address."""
    is_root = os.geteuid() == 0
    options = {"user": NOBODY, "group": NOBODY} if is_root else {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Where its own user gets to.
    base = tempfile.mkdtemp(prefix="postgres-")
    if is_root:
        os.chown(base, NOBODY, NOBODY)
    data = os.path.join(base, "data")
    tool = lambda name: os.path.join(programs(), name)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    made = [tool("initdb"), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D", data]
    subprocess.run(made, check=True, **quiet, **options)
    settings = ["listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={base}"]
    command = [tool("postgres"), "-D", data, *(word for setting in settings for word in ("-c", setting))]
    process = subprocess.Popen(command, **quiet, **options)
    try:
        ready = [tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if process.poll() is not None:
                raise RuntimeError("the server does not start")
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(base, ignore_errors=True)


def pgbench(bench, run, address, statement, seconds):
    """Transactions a second of one client."""
    path = os.path.join(bench.work, "insert.sql")
    with open(path, "w", encoding="utf-8") as file:
        file.write(statement)
    host, port = address.split(":")
    tool = os.path.join(programs(), "pgbench")
    tool = tool if os.path.exists(tool) else shutil.which("pgbench")
    command = [tool, "-n", "-c", "1", "-T", str(seconds), "-M", "prepared", "-f", path]
    done = run([*command, "-h", host, "-p", port, "-U", "postgres", "postgres"])
    words = next(line for line in done["out"].splitlines() if line.startswith("tps = "))
    return float(words.split()[2])


def measure(bench, run, server, node, python, has_module):
    """All of it; see the top."""
    count = 500 if bench.args.small else 5000
    manifest = bench.file("manifest.csv", count)
    numbers = iter(range(1_000_000))
    rate = lambda done: count / done["seconds"]

    def own(base, flight, log):
        words = ["submit", manifest, "--jobs", log, "--base-url", f"http://{base}", "--concurrency", flight]
        return bench.tool(*words)

    with postgres() as address:
        database = f"postgres://postgres@{address}/postgres"

        def fresh():
            # A log of the same database would have its rows noticed in the next one.
            log = f"{database}?schema=bench{next(numbers)}"
            bench.tool("log", "init", log)
            return log

        with server([bench.peers, "bare", "0"]) as base:
            here = bench.best(lambda: own(base, 64, fresh()))
            bench.tell(f"submit {count:,} rows through a database, latency 0, 64 in flight", f"{rate(here):,.0f}/s")
            file = bench.best(lambda: own(base, 64, bench.fresh()))
            bench.tell(f"  of the file's {rate(file):,.0f}/s", f"{rate(here) / rate(file):.2f}", value=rate(here) / rate(file))
            log = bench.fresh()
            own(base, 64, log)
            beside_inserts(bench, run, address, 2 * rate(here), log)
            # Fewer rows: they take long.
            some = count // 5
            words = [bench.file("manifest.csv", some), f"http://{base}", database, "64"]
            queues = beside_queues(bench, run, node, python, has_module, words, some)
            for name, found in queues:
                ratio = rate(here) / found
                aim = ("≥ 5", ratio >= 5) if found == max(q for _, q in queues) else (None, None)
                bench.tell(f"  times what is built on {name}, {found:,.0f}/s", f"{ratio:.1f}", *aim, value=ratio)
        with server([bench.peers, "bare", "50"]) as base:
            here = bench.best(lambda: own(base, 64, fresh()))
            file = bench.best(lambda: own(base, 64, bench.fresh()))
            ratio = here["seconds"] / file["seconds"]
            bench.tell("submit through a database, latency 50 ms, 64 in flight: time of the file's", f"{ratio:.3f}", value=ratio)


def beside_inserts(bench, run, address, lines, log):
    """Lines a second beside inserts of as many bytes."""
    with open(log, encoding="utf-8") as file:
        text = file.read()
    size = len(text.encode()) // text.count("\n")
    host, port = address.split(":")
    make = "DROP TABLE IF EXISTS inserts; CREATE TABLE inserts (id bigserial PRIMARY KEY, line text NOT NULL)"
    psql = [os.path.join(programs(), "psql"), "-q", "-h", host, "-p", port, "-U", "postgres", "-c", make]
    run(psql)
    row = f"('{'x' * size}')"
    seconds = 1 if bench.args.small else 5
    one = pgbench(bench, run, address, f"INSERT INTO inserts (line) VALUES {row};\n", seconds)
    many = BATCH * pgbench(bench, run, address, f"INSERT INTO inserts (line) VALUES {', '.join([row] * BATCH)};\n", seconds)
    bench.tell(f"  lines, of pgbench's {one:,.0f}/s with one insert a transaction", f"{lines / one:.1f}", value=lines / one)
    ratio = lines / many
    bench.tell(f"  lines, of pgbench's {many:,.0f}/s with {BATCH} a transaction", f"{ratio:.2f}", "≥ 0.5", ratio >= 0.5, value=ratio)


def beside_queues(bench, run, node, python, has_module, words, count):
    """Rows a second of the queues that are installed, by name."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
    peers = []
    if node and os.path.isdir(os.path.join(os.environ.get("NODE_PATH", ""), "graphile-worker")):
        peers.append(("graphile-worker", [node, os.path.join(here, "enqueue.mjs"), *words]))
    else:
        bench.skipped.append("a database beside graphile-worker")
    if has_module("procrastinate") and has_module("aiohttp"):
        peers.append(("procrastinate", [python, os.path.join(here, "enqueue.py"), *words]))
    else:
        bench.skipped.append("a database beside procrastinate")
    found = []
    for name, command in peers:
        found.append((name, count / float(run(command)["out"])))
    return found
