"""Where the time goes: the share of each kind of work in a command, as `perf` samples it.

    RUSTFLAGS="-C force-frame-pointers=yes" CARGO_PROFILE_RELEASE_STRIP=false \\
        cargo build --release --target-dir target/profile
    python3 benches/profile.py --bin target/profile/release/creativeai [--data FOLDER] [--small]

Prints a Markdown table. Needs Linux and perf.
"""

import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import data  # noqa: E402
import run  # noqa: E402

# The first of these that matches any frame is the sample's kind...
SYSTEM = (
    ("making lines durable", r"fsync|fdatasync|sync_data|ext4_sync|sync_file"),
    ("the network, in the kernel", r"^tcp_|^sock_|inet_|__sys_(sendto|recvfrom)|^do_writev|epoll|net_rx"),
    ("reading and writing files, in the kernel", r"vfs_read|vfs_write|filemap_read|ksys_p?read|ksys_write"),
    ("waking and switching threads", r"futex|schedule|sched_yield"),
)
# ...or else the first that matches a frame, from the innermost outwards.
OWN = (
    ("hashes and signatures", r"sha2|hmac|base16ct"),
    ("reading lines and captures", r"jobs::(scan|line|gist|text|time|request)|webhook::(formats|capture|grade|replay)|journal::file::(fold::take|read)"),
    ("the fold: jobs and their states", r"jobs::(ledger|index|subject|state|owners|money|id::JobKey)|journal::file::fold|Writer::fold|still_open"),
    ("reading the sheet", r"creativeai::manifest|csv_core"),
    ("what is to be sent, what is to be written", r"jobs::(event|facts|clip)|vendor::wire|submit::|observe|commands::replay|commands::poll::Poller::learn"),
    ("HTTP", r"reqwest|hyper|tower|http::|httparse|url::|h1::|vendor::client|vendor::outcome|vendor::payload|dispatch|throttle|commands::poll"),
    ("the runtime", r"tokio|futures|rayon"),
    ("the command line, settings, output", r"clap|creativeai::(cli|settings|output|commands|exit)"),
)
OTHER = "anything else"


def kind_of(frames):
    for kind, pattern in SYSTEM:
        if any(re.search(pattern, frame) for frame in frames):
            return kind
    for frame in frames:
        for kind, pattern in OWN:
            if re.search(pattern, frame):
                return kind
    return OTHER


def warm(*words):
    """Reads the files among a command's words, so that no disk is in the figures; gives the words."""
    for word in words:
        if os.path.isfile(word):
            with open(word, "rb") as file:
                while file.read(1 << 20):
                    pass
    return words


def shares(command, env):
    """The share of each kind among the samples of a command, all its threads together."""
    with tempfile.NamedTemporaryFile() as file:
        record = ["perf", "record", "-q", "-F", "1999", "-e", "cpu-clock", "-g", "-o", file.name, *command]
        subprocess.run(record, env=env, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        script = ["perf", "script", "-i", file.name, "-F", "ip,sym"]
        text = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    found = collections.Counter()
    for sample in text.split("\n\n"):
        frames = [line.split(None, 1)[1] for line in sample.strip().splitlines() if len(line.split(None, 1)) > 1]
        if frames:
            found[kind_of(frames)] += 1
    total = sum(found.values())
    return {kind: count / total for kind, count in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--data", default=os.path.join(run.ROOT, "target", "bench-data"))
    parser.add_argument("--small", action="store_true", help="a hundredth of the work, to see that it runs")
    args = parser.parse_args()
    args.runs = 1
    os.makedirs(args.data, exist_ok=True)
    bench = run.Bench(args)
    env = {**os.environ, "CREATIVEAI_API_KEY": data.KEY}
    many, some = (10_000, 1_000) if args.small else (1_000_000, 50_000)
    columns = {}
    with run.server([bench.peers, "bare", "0"]) as base:
        here = ("--base-url", f"http://{base}", "--concurrency", "64")
        commands = {
            f"submit, {some:,} rows": ("submit", bench.file("manifest.csv", some), "--jobs", bench.fresh(), *here),
            f"reconcile, {some:,} polls": ("reconcile", bench.copy("two.jsonl", some), *here),
        }
        for name, words in commands.items():
            columns[name] = shares([args.bin, "-q", *words], env)
    log = bench.copy("two.jsonl", many)
    known = ("submit", bench.file("manifest.csv", many), "--jobs", log, "--base-url", "http://127.0.0.1:9")
    columns[f"submit, {many:,} known"] = shares([args.bin, "-q", *warm(*known)], env)
    captures = ("reconcile", log, "--replay", bench.file("captures.jsonl", many))
    columns[f"replay, {many:,}"] = shares([args.bin, "-q", *warm(*captures)], env)
    summary = ("status", bench.file("three.jsonl", many), "--summary")
    columns[f"status, {many * 3:,} lines"] = shares([args.bin, "-q", *warm(*summary)], env)
    print("| share of the samples | " + " | ".join(columns) + " |")
    print("|---|" + "---:|" * len(columns))
    for kind in [kind for kind, _ in SYSTEM + OWN] + [OTHER]:
        row = [columns[name].get(kind, 0) for name in columns]
        if max(row) >= 0.005:
            print(f"| {kind} | " + " | ".join(f"{share:.0%}" if share >= 0.005 else "" for share in row) + " |")


if __name__ == "__main__":
    main()
