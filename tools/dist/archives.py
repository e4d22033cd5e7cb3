"""Archives that depend on their content alone: the same tree gives the same bytes.

An entry is (name, content, is_program). Times are the commit's, owners are root, entries are sorted.
"""

import gzip
import io
import tarfile
import time
import zipfile


def tar_gz(entries, when):
    """A compressed tar with a line for each folder, as dpkg wants it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        folders = set()
        for name, content, is_program in sorted(entries):
            parts = name.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                folder = "/".join(parts[:depth])
                if folder not in folders and folder != ".":
                    folders.add(folder)
                    archive.addfile(_tar_entry(folder, when, 0o755, tarfile.DIRTYPE))
            info = _tar_entry(name, when, 0o755 if is_program else 0o644, tarfile.REGTYPE)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), 9, mtime=0)


def _tar_entry(name, when, mode, kind):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = kind, mode, when
    info.uname = info.gname = "root"
    return info


def zip_file(entries, when):
    """A zip; the rights of programs are kept for systems that have them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content, is_program in entries:
            info = zipfile.ZipInfo(name, time.gmtime(when)[:6])
            info.create_system = 3  # Unix
            info.external_attr = (0o100755 if is_program else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def ar(members, when):
    """The container of a Debian package."""
    parts = [b"!<arch>\n"]
    for name, content in members:
        parts.append(f"{name:<16}{when:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
        parts.append(content + b"\n" * (len(content) % 2))
    return b"".join(parts)
