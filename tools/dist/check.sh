#!/usr/bin/env bash
# Proves the packages in target/dist: each is installed where nothing of it is, runs the README's first
# command, and is removed. What cannot be tried here is skipped, and said.
#
# DEBIANS names folders with Debian systems in them, in which the .deb and the Linux binary are tried:
#     debootstrap --variant=minbase --include=ca-certificates bullseye FOLDER
# WINE is the command that starts a program of Windows in the current folder. Both are by default what
# tools/other-systems.sh has prepared (in CREATIVEAI_SYSTEMS).
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
dist=$root/target/dist
examples=$root/examples
# Inside the checkout, because the prepared folder sees nothing else of this computer.
work=$(mktemp -d -p "$root/target" dist-check.XXXXXX)
trap 'rm -rf "$work"' EXIT
version=$(sed -n '0,/^version = /s/^version = "\(.*\)"/\1/p' Cargo.toml)
package=$(sed -n 's/^PACKAGE = "\(.*\)"/\1/p' tools/dist/packages.py)
prepared=${CREATIVEAI_SYSTEMS:-${XDG_CACHE_HOME:-$HOME/.cache}/creativeai-systems}/debian

step() { printf '\n== %s\n' "$*"; }
skip() { echo "SKIPPED: $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
# Which program it is, then the README's first command and what it must say, in a folder with the
# example; the arguments after the target are how the program is started.
rehearse() { # rehearse TARGET COMMAND...
    local target=$1 folder
    shift
    folder=$(mktemp -d -p "$work" rehearsal.XXXXXX)
    cp "$examples/listings.csv" "$folder"
    (cd "$folder" && "$@" --version) | tr -d '\r' | tee "$folder/version"
    grep -qx "creativeai $version" "$folder/version" || fail "this is not creativeai $version"
    grep -qx "target $target" "$folder/version" || fail "this program is not for $target"
    (cd "$folder" && "$@" submit listings.csv --sandbox --wait) 2>&1 | tee "$folder/said"
    grep -q "3 sent; 3 ready" "$folder/said" || fail "the rehearsal did not end with three clips"
}

step checksums
(cd "$dist" && sha256sum --quiet --check SHA256SUMS)

wheel=$(find "$dist" -name '*manylinux*x86_64.whl')
if [ -n "$wheel" ] && python3 -m venv "$work/venv" 2>/dev/null; then
    step "wheel in an empty environment"
    "$work/venv/bin/pip" install --quiet --no-index --disable-pip-version-check "$wheel"
    rehearse x86_64-unknown-linux-gnu "$work/venv/bin/creativeai"
    "$work/venv/bin/pip" uninstall --quiet --yes --disable-pip-version-check "$package"
    [ ! -e "$work/venv/bin/creativeai" ] || fail "pip left the program"
else
    skip "wheel: no wheel for Linux, or no python3 with venv"
fi

npm_system=$dist/$package-linux-x64-$version.tgz
if [ -e "$npm_system" ] && command -v npm >/dev/null; then
    step "npm package in an empty folder"
    mkdir "$work/npm"
    # The main package finds that of the system in the registry once both are published; here, in a file.
    (cd "$work/npm" && npm init --yes >/dev/null &&
        npm install --silent --offline --no-audit --no-fund --omit=optional \
            "$npm_system" "$dist/$package-$version.tgz")
    rehearse x86_64-unknown-linux-gnu npx --prefix "$work/npm" --offline creativeai
    # npx also starts it by the package's name. Exit codes pass through.
    code=0
    (cd "$work/npm" && npx --offline "$package" no-such-command 2>/dev/null) || code=$?
    [ "$code" = 2 ] || fail "exit code $code in place of 2"
    # Without the package of the system it says what is missing.
    rm -r "$work/npm/node_modules/$package-linux-x64"
    code=0
    (cd "$work/npm" && npx --offline "$package" --version) 2>"$work/missing" || code=$?
    [ "$code" = 78 ] || fail "exit code $code without the package of the system"
    grep "$package-linux-x64 is not installed" "$work/missing" || fail "$(cat "$work/missing")"
else
    skip "npm package: none for Linux, or no npm"
fi

musl=$(find "$dist" -name '*-x86_64-unknown-linux-musl.tar.gz')
if [ -n "$musl" ]; then
    step "the program that needs nothing, in an empty folder as its root"
    root_of=$work/empty
    mkdir -p "$root_of/data" "$root_of/tmp"
    tar -xzf "$musl" -C "$work"
    cp "$work"/*-linux-musl/creativeai "$root_of"
    if [ "$(id -u)" = 0 ]; then
        in_empty() { chroot "$root_of" /creativeai "$@"; }
        in_empty --version | grep -qx "target x86_64-unknown-linux-musl" || fail "the wrong program"
        cp "$examples/listings.csv" "$root_of"
        in_empty submit listings.csv --sandbox --wait 2>&1 | tee "$work/said"
        grep -q "3 sent; 3 ready" "$work/said" || fail "the rehearsal did not end with three clips"
    else
        skip "an empty root: needs root"
    fi
else
    skip "the program that needs nothing: it was not compiled"
fi

in_debian() { chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "${@:2}"; }
read -ra debians <<<"${DEBIANS:-}"
if [ "${#debians[@]}" = 0 ] && [ -e "$prepared/prepared" ]; then
    debians=("$prepared")
fi
[ "${#debians[@]}" -gt 0 ] || skip ".deb and Linux binary: DEBIANS names no folder"
for debian in "${debians[@]}"; do
    step "Linux binary and .deb in Debian $(cat "$debian/etc/debian_version")"
    place=$debian/tmp/creativeai-check
    rm -rf "$place"
    mkdir -p "$place"
    cp "$dist/creativeai_$version-1_amd64.deb" "$examples/listings.csv" "$place"
    tar -C "$place" -xzf "$dist/creativeai-$version-x86_64-unknown-linux-gnu.tar.gz" --strip-components=1
    in_debian "$debian" /tmp/creativeai-check/creativeai --version
    in_debian "$debian" dpkg --install "/tmp/creativeai-check/creativeai_$version-1_amd64.deb"
    in_debian "$debian" dpkg --verify creativeai
    in_debian "$debian" creativeai submit /tmp/creativeai-check/listings.csv --sandbox --wait 2>&1 |
        tee "$work/said"
    grep -q "3 sent; 3 ready" "$work/said" || fail "the rehearsal did not end with three clips"
    in_debian "$debian" dpkg --purge creativeai
    [ ! -e "$debian/usr/bin/creativeai" ] || fail "dpkg left the program"
    [ ! -e "$debian/usr/share/doc/creativeai" ] || fail "dpkg left the pages"
    rm -rf "$place"
done

archive=$dist/creativeai-$version-x86_64-pc-windows-gnu.zip
read -ra wine <<<"${WINE:-wine}"
if [ -z "${WINE:-}" ] && [ -d "$prepared/wine" ]; then
    wine=("$root/tools/other-systems.sh" windows wine)
fi
if [ -e "$archive" ] && command -v "${wine[0]}" >/dev/null; then
    step "program of Windows in Wine"
    (cd "$work" && python3 -m zipfile -e "$archive" .)
    # Each rehearsal has a folder of its own beside it.
    rehearse x86_64-pc-windows-gnu "${wine[@]}" "../creativeai-$version-x86_64-pc-windows-gnu/creativeai.exe"
else
    skip "program of Windows: no archive, or no Wine"
fi
step "all done"
