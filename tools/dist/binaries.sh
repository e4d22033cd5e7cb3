#!/usr/bin/env bash
# Compiles the program for each system, into target/dist-binaries/TARGET.
#
#     tools/dist/binaries.sh [TARGET...]     by default all below
#
#     x86_64-unknown-linux-gnu    runs on any Linux since 2014 but Alpine: zig links it for glibc 2.17
#     x86_64-unknown-linux-musl   runs on every Linux: all of it is in the one file
#     x86_64-pc-windows-gnu       by mingw's gcc
#     aarch64-apple-darwin        by zig; signed only by the linker, not by Apple
#     x86_64-apple-darwin         the same, for Macs with Intel's processors
#
# Also known: aarch64-unknown-linux-gnu. The standard library of a target comes from
# rustup, zig from PyPI (or as ZIG). A target whose tools are missing is skipped, and said so at the end.
# The tree must be clean, because the binary names its commit; DIST_DIRTY=1 packs what is there.
# DIST_PROFILE=dev compiles quickly, to try the packages out.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/tools/dist
out=target/dist-binaries
profile=${DIST_PROFILE:-release}
targets=("$@")
[ $# -gt 0 ] || targets=(
    x86_64-unknown-linux-gnu x86_64-unknown-linux-musl x86_64-pc-windows-gnu
    aarch64-apple-darwin x86_64-apple-darwin
)

if [ -n "$(git status --porcelain)" ] && [ -z "${DIST_DIRTY:-}" ]; then
    echo "the tree has changes that no commit holds: commit them, or set DIST_DIRTY=1" >&2
    exit 1
fi
CREATIVEAI_BUILD_COMMIT=$(git rev-parse HEAD)
export CREATIVEAI_BUILD_COMMIT

missing=()
skip() { # skip TARGET WHAT
    echo "SKIPPED: $1: $2" >&2
    missing+=("$1: $2")
}

# How zig is started, on the standard output; installed by pip where it is not there.
find_zig() {
    if [ -n "${ZIG:-}" ]; then
        echo "$ZIG"
    elif command -v zig >/dev/null; then
        echo zig
    else
        local place=$PWD/target/tools
        [ -x "$place/ziglang/zig" ] ||
            python3 -m pip install --quiet --disable-pip-version-check --target "$place" ziglang >&2 || return 1
        echo "$place/ziglang/zig"
    fi
}

# The standard library of a target, from rustup where it is not there.
has_standard_library() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] || rustup target add "$1" >&2
}

# build TARGET COMPILER ARCHIVER, with the environment that the two read
build() {
    local target=$1 snake=${1//-/_}
    local upper=${snake^^}
    env "CC_$snake=$2" "AR_$snake=$3" "CARGO_TARGET_${upper}_LINKER=$2" \
        cargo build --locked --bin creativeai --profile "$profile" --target "$target"
    local made=target/$target/$profile name=creativeai
    [ "$profile" != dev ] || made=target/$target/debug
    [ -e "$made/$name" ] || name=creativeai.exe
    mkdir -p "$out/$target"
    cp "$made/$name" "$out/$target/$name"
}

rm -rf "$out"
for target in "${targets[@]}"; do
    echo "== $target"
    has_standard_library "$target" || { skip "$target" "no standard library (rustup target add $target)"; continue; }
    case $target in
        *-windows-gnu)
            gcc=${target%%-*}-w64-mingw32-gcc
            if command -v "$gcc" >/dev/null; then
                build "$target" "$gcc" "${gcc%gcc}ar"
            else
                skip "$target" "no $gcc (apt-get install gcc-mingw-w64-x86-64-posix)"
            fi
            ;;
        *-linux-gnu | *-linux-musl | *-apple-darwin)
            ZIG=$(find_zig) || { skip "$target" "no zig (pip install ziglang)"; continue; }
            export ZIG
            machine=${target%%-*}
            case $target in
                *-linux-gnu) export ZIG_TARGET=$machine-linux-gnu.2.17 ;;
                # Rust brings the start of a program and the C library, zig does, too: once is enough.
                *-linux-musl) export ZIG_TARGET=$machine-linux-musl RUSTFLAGS="-C link-self-contained=no" ;;
                # A binary that is stripped after linking would lose its signature: the linker strips it.
                *) export ZIG_TARGET=$machine-macos.11.0 ZIG_SYSROOT=$here/macos SDKROOT=$here/macos \
                    CARGO_PROFILE_RELEASE_STRIP=none CARGO_PROFILE_DEV_STRIP=none ;;
            esac
            build "$target" "$here/zig-cc" "$here/zig-ar"
            unset RUSTFLAGS ZIG_SYSROOT SDKROOT CARGO_PROFILE_RELEASE_STRIP CARGO_PROFILE_DEV_STRIP
            ;;
        *) skip "$target" "no recipe for it" ;;
    esac
done

[ "${#missing[@]}" = 0 ] || printf 'SKIPPED: %s\n' "${missing[@]}" >&2
[ -d "$out" ] || { echo "nothing could be compiled" >&2; exit 1; }
