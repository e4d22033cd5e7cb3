#!/usr/bin/env bash
# Proves the packages in target/dist: each is installed where nothing of it is, runs the README's first
# command, and is removed. What cannot be tried here is skipped, and said.
#
# DEBIANS names folders with Debian systems in them (debootstrap makes one); the .deb and the Linux
# binary are tried in each. WINE is the command that starts a program of Windows (wine).
set -euo pipefail
cd "$(dirname "$0")/../.."
dist=$PWD/target/dist
examples=$PWD/examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n '0,/^version = /s/^version = "\(.*\)"/\1/p' Cargo.toml)

step() { printf '\n== %s\n' "$*"; }
skip() { echo "SKIPPED: $*"; }
# The README's first command and what it must say; the arguments are how the program is started.
rehearse() {
    local folder
    folder=$(mktemp -d -p "$work")
    cp "$examples/listings.csv" "$folder"
    "$@" --version
    (cd "$folder" && "$@" submit listings.csv --sandbox --wait) 2>&1 | tee "$folder/said"
    grep -q "3 sent; 3 ready" "$folder/said"
}

step checksums
(cd "$dist" && sha256sum --quiet --check SHA256SUMS)

wheel=$(find "$dist" -name '*manylinux*x86_64.whl')
if [ -n "$wheel" ] && python3 -m venv "$work/venv" 2>/dev/null; then
    step "wheel in an empty environment"
    "$work/venv/bin/pip" install --quiet --no-index --disable-pip-version-check "$wheel"
    rehearse "$work/venv/bin/creativeai"
    "$work/venv/bin/pip" uninstall --quiet --yes creativeai
    [ ! -e "$work/venv/bin/creativeai" ]
else
    skip "wheel: no wheel for Linux, or no python3 with venv"
fi

npm_system=$dist/creativeai-linux-x64-$version.tgz
if [ -e "$npm_system" ] && command -v npm >/dev/null; then
    step "npm package in an empty folder"
    mkdir "$work/npm"
    # The main package finds that of the system in the registry once both are published; here, in a file.
    (cd "$work/npm" && npm init --yes >/dev/null &&
        npm install --silent --offline --no-audit --no-fund --omit=optional \
            "$npm_system" "$dist/creativeai-$version.tgz")
    rehearse npx --prefix "$work/npm" --offline creativeai
    # Exit codes and signals pass through.
    code=0
    (cd "$work/npm" && npx --offline creativeai no-such-command 2>/dev/null) || code=$?
    [ "$code" = 2 ] || { echo "exit code $code in place of 2" >&2; exit 1; }
else
    skip "npm package: none for Linux, or no npm"
fi

in_debian() { chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "${@:2}"; }
read -ra debians <<<"${DEBIANS:-}"
[ "${#debians[@]}" -gt 0 ] || skip ".deb and Linux binary: DEBIANS names no folder"
for debian in "${debians[@]}"; do
    step "Linux binary and .deb in Debian $(cat "$debian/etc/debian_version")"
    place=$debian/tmp/creativeai-check
    mkdir -p "$place"
    cp "$dist"/creativeai_*_amd64.deb "$examples/listings.csv" "$place"
    tar -C "$place" -xzf "$dist/creativeai-$version-x86_64-unknown-linux-gnu.tar.gz" --strip-components=1
    in_debian "$debian" /tmp/creativeai-check/creativeai --version
    # Without ca-certificates there, dpkg would refuse what apt would fetch.
    in_debian "$debian" dpkg --install --force-depends /tmp/creativeai-check/creativeai_"$version"-1_amd64.deb
    in_debian "$debian" creativeai submit /tmp/creativeai-check/listings.csv --sandbox --wait 2>&1 |
        tee "$work/said"
    grep -q "3 sent; 3 ready" "$work/said"
    in_debian "$debian" dpkg --purge creativeai
    [ ! -e "$debian/usr/bin/creativeai" ]
    rm -rf "$place"
done

archive=$dist/creativeai-$version-x86_64-pc-windows-gnu.zip
read -ra wine <<<"${WINE:-wine}"
if [ -e "$archive" ] && command -v "${wine[0]}" >/dev/null; then
    step "program of Windows in Wine"
    (cd "$work" && python3 -m zipfile -e "$archive" .)
    rehearse "${wine[@]}" "$work/creativeai-$version-x86_64-pc-windows-gnu/creativeai.exe"
else
    skip "program of Windows: no archive, or no Wine"
fi
step "all done"
