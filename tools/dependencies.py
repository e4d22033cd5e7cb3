#!/usr/bin/env python3
"""What creativeai is built from.

check     licences, sources and unwanted crates against deny.toml, for machines without cargo-deny
licences  the licence texts of all crates in the binary, for a distribution
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python before 3.11
    tomllib = None

ROOT = Path(__file__).resolve().parent.parent
LICENCE_FILE = re.compile(r"(?i)^(un)?(licen[cs]e|copying|copyright|notice)")


def metadata(*arguments):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return json.loads(run.stdout)


def allows(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licences."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either():
        met = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        token = tokens.pop(0)
        if token == "(":
            met = either()
            tokens.pop(0)
            return met
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token = f"{token} WITH {tokens.pop(0)}"
        return token in allowed

    return either()


def check():
    if tomllib is None:
        print("skipped: this Python is older than 3.11")
        return
    rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    allowed = set(rules["licenses"]["allow"])
    banned = {entry["name"] for entry in rules["bans"]["deny"]}
    errors, versions, sources = [], defaultdict(set), defaultdict(list)
    for package in metadata("--all-features")["packages"]:
        name = f"{package['name']} {package['version']}"
        versions[package["name"]].add(package["version"])
        if not allows(package["license"] or "none", allowed):
            errors.append(f"{name}: the licence {package['license']} is not in deny.toml")
        if package["name"] in banned:
            errors.append(f"{name}: not wanted, says deny.toml")
        if package["source"] is not None:
            sources[package["source"]].append(name)
    # One registry, and nothing from a folder or a repository.
    common = max(sources, key=lambda source: len(sources[source]))
    for source, names in sources.items():
        if source != common or not source.startswith("registry+"):
            errors += [f"{name}: comes from {source}" for name in names]
    for name, several in sorted(versions.items()):
        if len(several) > 1:
            print(f"warning: {name} is there in {len(several)} versions: {', '.join(sorted(several))}")
    if errors:
        sys.exit("\n".join(errors))
    print(f"{sum(map(len, versions.values()))} crates: licences, sources and bans are in order")


def licences():
    host = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host = re.search(r"^host: (.*)$", host, re.M).group(1)
    data = metadata("--filter-platform", host)
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    # Build scripts' and tests' crates are not in the binary.
    wanted, seen = [data["resolve"]["root"]], set()
    while wanted:
        current = wanted.pop()
        if current in seen:
            continue
        seen.add(current)
        for dependency in nodes[current]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                wanted.append(dependency["pkg"])
    seen.remove(data["resolve"]["root"])
    # Many crates share one text; each text is printed once, with those it is for.
    texts = defaultdict(list)
    for key in sorted(seen, key=lambda key: (packages[key]["name"], packages[key]["version"])):
        package = packages[key]
        folder = Path(package["manifest_path"]).parent
        name = f"{package['name']} {package['version']} ({package['license']})"
        files = sorted(f for f in folder.iterdir() if f.is_file() and LICENCE_FILE.match(f.name))
        for file in files:
            texts[file.read_text(encoding="utf-8", errors="replace").strip()].append(name)
        if not files:
            texts["(The crate brings no licence text of its own.)"].append(name)
    print("creativeai is built with the following libraries. Thank you.\n")
    for text, names in texts.items():
        print("=" * 79, *dict.fromkeys(names), "-" * 79, text, "", sep="\n")


COMMANDS = {"check": check, "licences": licences}
if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
    sys.exit(__doc__)
COMMANDS[sys.argv[1]]()
