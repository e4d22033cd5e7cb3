"""One function for each kind of package: from a binary and what belongs beside it to the file's bytes."""

import base64
import hashlib
import json
import re

from archives import ar, tar_gz, zip_file

# What PyPI and npm call the packages: on both, `creativeai` belongs to others. The command is creativeai.
PACKAGE = "creativeai-cli"


def deb(project, target, binary, assets, when):
    """A Debian package; what goes where is `package.metadata.deb` in Cargo.toml, as for cargo-deb."""
    about = project["metadata"]["deb"]
    files = [(f"./{path}", content, False) for path, content in assets]
    files.append(("./usr/bin/creativeai", binary, True))
    size = sum(len(content) for _, content, _ in files)
    # zig links for this glibc; nothing else is linked.
    depends = about["depends"].replace("$auto", f"libc6 (>= {target['glibc']})")
    lines = [f" {line}" for line in about["extended-description"].split("\n")]
    control = "\n".join([
        "Package: creativeai",
        f"Version: {project['version']}-1",
        f"Architecture: {target['deb']}",
        f"Maintainer: {about['maintainer']}",
        f"Section: {about['section']}",
        "Priority: optional",
        f"Installed-Size: {size // 1024 + 1}",
        f"Depends: {depends}",
        f"Description: {project['description']}",
        *lines,
        "",
    ])
    sums = "".join(f"{hashlib.md5(content).hexdigest()}  {name[2:]}\n" for name, content, _ in sorted(files))
    about_it = [("./control", control.encode(), False), ("./md5sums", sums.encode(), False)]
    name = f"creativeai_{project['version']}-1_{target['deb']}.deb"
    return name, ar([
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", tar_gz(about_it, when)),
        ("data.tar.gz", tar_gz(files, when)),
    ], when)


def absolute_links(markdown, pages):
    """The text with every link to a file of the project made one to `pages`, where PyPI and npm can follow it."""
    return re.sub(r"\]\((?![a-z]+:|#)([^)]+)\)", rf"]({pages}/\1)", markdown)


def wheel(project, target, binary, program, readme, license, when):
    """A Python wheel with the program as a script, which pip, pipx and uv put on the PATH."""
    version = project["version"]
    name = f"{PACKAGE.replace('-', '_')}-{version}"
    info = f"{name}.dist-info"
    tags = "".join(f"Tag: py3-none-{tag}\n" for tag in target["wheel"].split("."))
    metadata = (
        f"Metadata-Version: 2.4\nName: {PACKAGE}\nVersion: {version}\nSummary: {project['description']}\n"
        f"License-Expression: {project['license']}\nLicense-File: LICENSE\nRequires-Python: >=3.8\n"
        f"Description-Content-Type: text/markdown\n\n{readme}"
    )
    entries = [
        (f"{name}.data/scripts/{program}", binary, True),
        (f"{info}/METADATA", metadata.encode(), False),
        (f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: creativeai\nRoot-Is-Purelib: false\n{tags}".encode(), False),
        (f"{info}/licenses/LICENSE", license, False),
    ]
    record = ""
    for path, content, _ in entries:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(content)}\n"
    entries.append((f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode(), False))
    return f"{name}-py3-none-{target['wheel']}.whl", zip_file(entries, when)


def npm_binary(project, target, binary, program, license, when):
    """The npm package of one system: the program, which npm leaves out on other systems."""
    os, cpu = target["npm"]
    name = f"{PACKAGE}-{os}-{cpu}"
    about = {
        "name": name,
        "version": project["version"],
        "description": f"The program of creativeai for {os} on {cpu}",
        "license": project["license"],
        "os": [os],
        "cpu": [cpu],
        "files": [program],
    }
    if "glibc" in target:
        about["libc"] = ["glibc"]
    return npm(name, about, [(program, binary, True), ("LICENSE", license, False)], when)


def npm_main(project, targets, launcher, readme, license, when):
    """The npm package that people name: it depends on those of all systems, and starts the one that is there."""
    systems = sorted({"-".join([PACKAGE, *target["npm"]]) for target in targets})
    about = {
        "name": PACKAGE,
        "version": project["version"],
        "description": project["description"],
        "license": project["license"],
        "bin": {"creativeai": "creativeai.js"},
        "files": ["creativeai.js"],
        "engines": {"node": ">=16"},
        "optionalDependencies": {name: project["version"] for name in systems},
    }
    files = [("creativeai.js", launcher, True), ("README.md", readme.encode(), False), ("LICENSE", license, False)]
    return npm(PACKAGE, about, files, when)


def npm(name, about, files, when):
    text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    entries = [(f"package/{path}", content, is_program) for path, content, is_program in files]
    entries.append(("package/package.json", text.encode(), False))
    return f"{name}-{about['version']}.tgz", tar_gz(entries, when)
