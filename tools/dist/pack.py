#!/usr/bin/env python3
"""Makes every package in target/dist from the binaries in target/dist-binaries and what `just assets` made.

DIST_DOWNLOADS is the address of the folder that the packages will be downloaded from, DIST_HOMEPAGE that
of the project's page on GitHub. Both go into the manifests for Homebrew, Scoop and winget; the links in the
README of PyPI and npm lead to that page, too.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import packages
from archives import tar_gz, zip_file

ROOT = Path(__file__).resolve().parent.parent.parent
BINARIES = ROOT / "target/dist-binaries"
ASSETS = ROOT / "target/assets"
TEMPLATES = Path(__file__).resolve().parent / "templates"
OUT = ROOT / "target/dist"

# What each system is called by each packager.
TARGETS = {
    "x86_64-unknown-linux-gnu": {
        "glibc": "2.17", "deb": "amd64", "npm": ("linux", "x64"),
        "wheel": "manylinux_2_17_x86_64.manylinux2014_x86_64",
    },
    "aarch64-unknown-linux-gnu": {
        "glibc": "2.17", "deb": "arm64", "npm": ("linux", "arm64"),
        "wheel": "manylinux_2_17_aarch64.manylinux2014_aarch64",
    },
    # npm is not there where this one is needed: on Alpine and in containers.
    "x86_64-unknown-linux-musl": {"wheel": "musllinux_1_2_x86_64"},
    "x86_64-pc-windows-gnu": {"npm": ("win32", "x64"), "wheel": "win_amd64"},
    "aarch64-apple-darwin": {"npm": ("darwin", "arm64"), "wheel": "macosx_11_0_arm64"},
    "x86_64-apple-darwin": {"npm": ("darwin", "x64"), "wheel": "macosx_11_0_x86_64"},
}


def git(*arguments):
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def tracked(*folders):
    """The files of these folders that belong to the project: a rehearsal may have left others there."""
    return [Path(name) for name in git("ls-files", *folders).splitlines()]


def beside():
    """What is in every archive beside the program: (name, content)."""
    names = [*map(Path, ["README.md", "LICENSE", "CHANGELOG.md"]), *tracked("docs", "examples")]
    files = [(name.as_posix(), (ROOT / name).read_bytes()) for name in names]
    made = sorted(path for path in ASSETS.rglob("*") if path.is_file())
    return files + [(path.relative_to(ASSETS).as_posix(), path.read_bytes()) for path in made]


def deb_assets(project):
    """What Cargo.toml puts into the Debian package beside the program: (path, content)."""
    found = [("usr/share/doc/creativeai/copyright", (ROOT / "LICENSE").read_bytes())]
    ours = set(tracked())
    for source, place, _ in project["metadata"]["deb"]["assets"]:
        if source.startswith("target/release/"):
            continue
        paths = [path for path in sorted(ROOT.glob(source)) if path.is_file()]
        base = ROOT / source.split("*")[0].rpartition("/")[0]
        for path in paths:
            name = path.relative_to(ROOT)
            if name not in ours and name.parts[0] != "target":
                continue
            inside = path.relative_to(base).as_posix() if "*" in source else path.name
            found.append((place + inside if place.endswith("/") else place, path.read_bytes()))
        if not paths:
            sys.exit(f"Cargo.toml packs {source}, which is not there")
    return found


def write(name, content):
    (OUT / name).parent.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_bytes(content)
    print(f"{len(content):>10}  {name}")


def binaries():
    """(target, how it is called, the program's file) of all that were compiled."""
    for target, about in TARGETS.items():
        for program in ("creativeai", "creativeai.exe"):
            path = BINARIES / target / program
            if path.exists():
                yield target, about, path


def addresses(project):
    """The project's page, and the folder that the packages are downloaded from."""
    homepage = os.environ.get("DIST_HOMEPAGE", "").rstrip("/")
    downloads = os.environ.get("DIST_DOWNLOADS", "").rstrip("/")
    if not downloads or not homepage:
        print("NOT TO BE PUBLISHED: without DIST_DOWNLOADS and DIST_HOMEPAGE manifests and links name example.com")
        homepage = homepage or "https://example.com/creativeai"
        downloads = downloads or f"{homepage}/v{project['version']}"
    return homepage, downloads


def archives_and_packages(project, homepage, when):
    pages = f"{homepage}/blob/v{project['version']}"
    readme = packages.absolute_links((ROOT / "README.md").read_text(encoding="utf-8"), pages)
    license = (ROOT / "LICENSE").read_bytes()
    files, found = beside(), list(binaries())
    for target, about, path in found:
        program, binary = path.name, path.read_bytes()
        folder = archive_folder(project, target)
        entries = [(f"{folder}/{name}", content, False) for name, content in files]
        entries.append((f"{folder}/{program}", binary, True))
        make = zip_file if program.endswith(".exe") else tar_gz
        write(archive_name(project, target), make(entries, when))
        write(*packages.wheel(project, about, binary, program, readme, license, when))
        if "npm" in about:
            write(*packages.npm_binary(project, about, binary, program, license, when))
        if "deb" in about:
            write(*packages.deb(project, about, binary, deb_assets(project), when))
    launcher = (Path(__file__).parent / "creativeai.js").read_bytes()
    write(*packages.npm_main(project, [about for _, about, _ in found if "npm" in about], launcher, readme, license, when))
    return [target for target, _, _ in found]


def archive_folder(project, target):
    return f"creativeai-{project['version']}-{target}"


def archive_name(project, target):
    return archive_folder(project, target) + (".zip" if "windows" in target else ".tar.gz")


def manifests(project, homepage, downloads):
    """Homebrew's, Scoop's and winget's, with the addresses and hashes of the archives."""
    def value(match):
        what, target = match[1], match[2]
        if what == "VERSION":
            return project["version"]
        if what == "HOMEPAGE":
            return homepage
        name = archive_name(project, target)
        if what == "URL":
            return f"{downloads}/{name}"
        return hashlib.sha256((OUT / name).read_bytes()).hexdigest()

    for template in sorted(TEMPLATES.iterdir()):
        try:
            text = re.sub(r"@(VERSION|HOMEPAGE|URL|SHA256)(?: ([\w-]+))?@", value, template.read_text())
        except FileNotFoundError as error:
            print(f"SKIPPED: manifests/{template.name}: there is no {Path(error.filename).name}")
            continue
        write(f"manifests/{template.name}", text.encode())


def main():
    project = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["package"]
    when = int(git("log", "-1", "--format=%ct"))
    if not list(binaries()):
        sys.exit("there is no binary in target/dist-binaries: tools/dist/binaries.sh makes them")
    shutil.rmtree(OUT, ignore_errors=True)
    homepage, downloads = addresses(project)
    targets = archives_and_packages(project, homepage, when)
    sbom = [sys.executable, ROOT / "tools/dependencies.py", "sbom", *targets]
    write(f"creativeai-{project['version']}.cdx.json", subprocess.run(sbom, check=True, capture_output=True).stdout)
    manifests(project, homepage, downloads)
    files = sorted(path for path in OUT.iterdir() if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    write("SHA256SUMS", "".join(sums).encode())


main()
