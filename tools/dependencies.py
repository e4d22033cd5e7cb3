#!/usr/bin/env python3
"""What creativeai is built from.

check                 licenses, sources and unwanted crates against deny.toml, for machines without cargo-deny
licenses [TARGET...]  the license texts of all crates in the binary, for a distribution
sbom [TARGET...]      the same crates as a list for programs: a CycloneDX document

Without a target, this computer's.
"""

import json
import re
import subprocess
import sys
import uuid
from collections import defaultdict
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python before 3.11
    tomllib = None

ROOT = Path(__file__).resolve().parent.parent
LICENSE_FILE = re.compile(r"(?i)^(un)?(licen[cs]e|copying|copyright|notice)")


def metadata(*arguments):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return json.loads(run.stdout)


def allows(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licenses."""
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
            errors.append(f"{name}: the license {package['license']} is not in deny.toml")
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
    print(f"{sum(map(len, versions.values()))} crates: licenses, sources and bans are in order")


def host():
    version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    return re.search(r"^host: (.*)$", version, re.M).group(1)


def built_in(targets):
    """The program's own package, and each crate in the binary of any target with those it uses itself.

    Crates of build scripts and of tests are not in the binary.
    """
    uses, crates = defaultdict(set), {}
    for target in targets or [host()]:
        data = metadata("--filter-platform", target)
        packages = {package["id"]: package for package in data["packages"]}
        nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
        root = data["resolve"]["root"]
        wanted, seen = [root], set()
        while wanted:
            current = wanted.pop()
            if current in seen:
                continue
            seen.add(current)
            crates[current] = packages[current]
            for dependency in nodes[current]["deps"]:
                if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                    wanted.append(dependency["pkg"])
                    uses[current].add(dependency["pkg"])
    order = sorted(crates, key=lambda key: (crates[key]["name"], crates[key]["version"]))
    return crates.pop(root), [(crates[key], uses[key]) for key in order if key != root], uses[root]


def licenses(targets):
    _, crates, _ = built_in(targets)
    # Many crates share one text; each text is printed once, with those it is for.
    texts = defaultdict(list)
    for package, _ in crates:
        folder = Path(package["manifest_path"]).parent
        name = f"{package['name']} {package['version']} ({package['license']})"
        files = sorted(f for f in folder.iterdir() if f.is_file() and LICENSE_FILE.match(f.name))
        for file in files:
            texts[file.read_text(encoding="utf-8", errors="replace").strip()].append(name)
        if not files:
            texts["(The crate brings no license text of its own.)"].append(name)
    print("creativeai is built with the following libraries. Thank you.\n")
    for text, names in texts.items():
        print("=" * 79, *dict.fromkeys(names), "-" * 79, text, "", sep="\n")


def sbom(targets):
    if tomllib is None:
        sys.exit("this needs Python 3.11 or newer")
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    sums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock["package"]}
    program, crates, used = built_in(targets)
    # Cargo's own names tell where the checkout is; these are the same everywhere.
    address = {package["id"]: purl(package) for package, _ in crates}
    components, dependencies = [], []
    for package, uses in crates:
        component = described(package, "library")
        checksum = sums.get((package["name"], package["version"]))
        if checksum:
            component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        components.append(component)
        refs = sorted(address[key] for key in uses)
        dependencies.append({"ref": address[package["id"]], "dependsOn": refs})
    refs = sorted(address[key] for key in used)
    dependencies.append({"ref": purl(program), "dependsOn": refs})
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": described(program, "application")},
        "components": components,
        "dependencies": dependencies,
    }
    # The same content has the same number.
    content = json.dumps(document, sort_keys=True)
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, content).urn
    print(json.dumps(document, indent=2))


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def described(package, kind):
    component = {
        "type": kind,
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package["license"]:
        # Older crates write a slash.
        expression = re.sub(r"\s*/\s*", " OR ", package["license"])
        component["licenses"] = [{"expression": expression}]
    return component


COMMANDS = {"check": lambda _: check(), "licenses": licenses, "sbom": sbom}
if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS or (sys.argv[1] == "check" and len(sys.argv) > 2):
    sys.exit(__doc__)
COMMANDS[sys.argv[1]](sys.argv[2:])
