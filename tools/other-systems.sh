#!/usr/bin/env bash
# Checks the program for Windows and macOS on a Linux machine.
#
#     tools/other-systems.sh windows            clippy, then the tests in Wine
#     tools/other-systems.sh macos              clippy (there is no Mac here to run the tests on)
#     tools/other-systems.sh SYSTEM COMMAND...  one command in the prepared folder, with this checkout as /src
#     tools/other-systems.sh SYSTEM prepare     only makes the folder ready
#
# Everything is in one folder, CREATIVEAI_SYSTEMS (~/.cache/creativeai-systems): a Debian with its Rust
# compiler, mingw, Wine and zig. The first run makes it (root and 7 GB are needed), later runs use it.
# JOBS (2) is the number of compilers and of tests that run at once.
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd -P)
folder=${CREATIVEAI_SYSTEMS:-${XDG_CACHE_HOME:-$HOME/.cache}/creativeai-systems}
debian=$folder/debian
jobs=${JOBS:-2}
wine_packages=(wine wine64)

system=${1:-}
[ $# = 0 ] || shift
case $system in
    windows) target=x86_64-pc-windows-gnu built=/target ;;
    macos) target=aarch64-apple-darwin built=/target-macos ;;
    *) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac
if [ "$(uname -sm)" != "Linux x86_64" ] || [ "$(id -u)" != 0 ]; then
    echo "tools/other-systems.sh needs root on an x86-64 Linux machine" >&2
    exit 2
fi
# The mounts below belong to this process: they vanish with it, and other checkouts do not see them.
if [ -z "${IN_OWN_MOUNTS:-}" ]; then
    export IN_OWN_MOUNTS=1
    exec unshare --mount --propagation private "$0" "$system" "$@"
fi

started=$SECONDS
step() { printf '\n== %s: %s (%d s so far)\n' "$system" "$*" "$((SECONDS - started))"; }

# Runs its arguments inside the Debian, in the same folder of the checkout, with the environment of the target.
inside() {
    local environment=(
        HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive
        CARGO_HOME=/cargo CARGO_TARGET_DIR="$built" CARGO_BUILD_JOBS="$jobs" CARGO_BUILD_TARGET="$target"
        CARGO_TERM_COLOR=never CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
    )
    case $system in
        windows) environment+=(
            CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
            CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine
            WINEPREFIX=/wine WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=" XDG_RUNTIME_DIR=/tmp
        ) ;;
        macos) environment+=(
            SDKROOT=/opt/sdk CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER=/opt/mac-cc
            CC_aarch64_apple_darwin=/opt/mac-cc AR_aarch64_apple_darwin=/opt/mac-ar
        ) ;;
    esac
    local here=/src
    case $PWD in "$repo"/*) here=/src${PWD#"$repo"} ;; esac
    # shellcheck disable=SC2016 # $1 and "$@" are for the shell inside
    chroot "$debian" /usr/bin/env -i "${environment[@]}" bash -c 'cd "$1" && shift && exec "$@"' inside "$here" "$@"
}
# The same, without the target: for the Debian itself.
install() {
    inside apt-get update -qq
    inside apt-get install -y -qq --no-install-recommends "$@" >>"$folder/apt.log" 2>&1
}

# Debian 13 has a Rust new enough, with its own source, and a Wine with the system calls that Rust's
# standard library needs to start.
prepare_debian() {
    [ ! -e "$debian/prepared" ] || return 0
    step "a Debian in $debian"
    mkdir -p "$debian"
    command -v debootstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq debootstrap >/dev/null; }
    [ -e "$debian/usr/bin/apt-get" ] || debootstrap --variant=minbase trixie "$debian" >"$folder/debootstrap.log"
    # Where this machine reaches the internet through a proxy of its own, its certificates are needed.
    mkdir -p "$debian/etc/ssl/certs"
    cp -L /etc/hosts /etc/resolv.conf "$debian/etc/"
    mount_checkout
    step "the Rust compiler and its source"
    install ca-certificates rustc-web cargo-web rust-web-src rust-web-clippy git
    cp -L /etc/ssl/certs/ca-certificates.crt "$debian/etc/ssl/certs/"
    # The standard library as a shared library would have to be linked: we have no use for it.
    sed -i 's/^crate-type = \["dylib", "rlib"\]/crate-type = ["rlib"]/' \
        "$debian"/usr/src/rustc-*/library/{std,test}/Cargo.toml
    touch "$debian/prepared"
}

mount_checkout() {
    mkdir -p "$debian"/{proc,dev,src}
    mount --bind /proc "$debian/proc"
    mount --bind /dev "$debian/dev"
    mount --bind "$repo" "$debian/src"
    checkout_is_mounted=1
}

# The standard library for the target, compiled from the compiler's own source and put where the compiler
# looks for it. After that `cargo --target` works as it does with rustup.
prepare_standard_library() {
    local library=/usr/lib/rustlib/src/rust/library made=/std-target place=/usr/lib/rustlib/$target/lib
    [ ! -d "$debian$place" ] || return 0
    step "Rust's standard library"
    inside env RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=std CARGO_TARGET_DIR=$made \
        RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes" \
        cargo build --quiet --release --features backtrace,panic-unwind --manifest-path $library/sysroot/Cargo.toml
    rm -rf "$debian$place.new"
    mkdir -p "$debian$place.new"
    cp "$debian$made/$target"/release/deps/*.rlib "$debian$place.new/"
    if [ "$system" = windows ]; then
        local object
        for object in rsbegin rsend; do
            inside env RUSTC_BOOTSTRAP=1 rustc --target "$target" --emit=obj -O \
                -o "$place.new/$object.o" $library/rtstartup/$object.rs
        done
    fi
    mv "$debian$place.new" "$debian$place"
    rm -rf "${debian:?}$made"
}

prepare_windows() {
    [ -e "$debian/usr/bin/x86_64-w64-mingw32-gcc-posix" ] || {
        step "mingw"
        install gcc-mingw-w64-x86-64-posix
    }
    prepare_standard_library
    [ -d "$debian/wine" ] || {
        step "Wine"
        install "${wine_packages[@]}"
        inside wineboot -i >>"$folder/wine.log" 2>&1 || true
        [ -d "$debian/wine/drive_c" ] || { echo "Wine did not start: see $folder/wine.log" >&2; exit 1; }
    }
}

prepare_macos() {
    [ -x "$debian/opt/mac-cc" ] || {
        step "zig, which has the C headers of macOS"
        [ -d "$debian/opt/zig/ziglang" ] ||
            python3 -m pip install --quiet --no-deps --target "$debian/opt/zig" ziglang
        mkdir -p "$debian/opt/sdk"
        # Clang and Xcode name the target in ways that zig does not know.
        cat >"$debian/opt/mac-cc" <<'CC'
#!/bin/bash
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        -arch | -target | -isysroot) shift ;;
        --target=* | -mmacosx-version-min=* | -mmacos-version-min=*) ;;
        *) arguments+=("$1") ;;
    esac
    shift
done
exec /opt/zig/ziglang/zig cc -target aarch64-macos.11.0 "${arguments[@]}"
CC
        # shellcheck disable=SC2016 # "$@" is for that script
        printf '#!/bin/sh\nexec /opt/zig/ziglang/zig ar "$@"\n' >"$debian/opt/mac-ar"
        chmod +x "$debian/opt/mac-ar" "$debian/opt/mac-cc"
    }
    prepare_standard_library
}

mkdir -p "$folder"
checkout_is_mounted=
# Two runs at once would prepare the same folder twice.
exec 8>"$folder/lock"
flock 8
prepare_debian
[ -n "$checkout_is_mounted" ] || mount_checkout
"prepare_$system"
flock -u 8
exec 8>&-

if [ "${1:-}" = prepare ]; then
    step ready
    exit
elif [ $# -gt 0 ]; then
    inside "$@"
    exit
fi

step clippy
# The linter in the folder may be newer than the project's; what is a matter of taste changes often.
inside cargo clippy --locked --all-targets --quiet -- -D warnings -A clippy::pedantic
if [ "$system" = windows ]; then
    step "the tests in Wine"
    # What Wine cannot judge, each with its reason.
    not_in_wine=(
        # Wine does not take everyone's rights to a file away.
        a_private_file_has_no_other_readers_and_others_are_named
        # It would start Linux' cargo from Windows.
        the_promised_compiler_is_new_enough
        # Wine keeps a killed listener's sockets open for ever.
        every_delivery_that_was_answered_outlives
    )
    skip=()
    for name in "${not_in_wine[@]}"; do skip+=(--skip "$name"); done
    failed=0
    inside cargo test --locked --no-fail-fast --lib --bins --tests -- --test-threads="$jobs" "${skip[@]}" || failed=1
    inside wineserver -k || true
    [ "$failed" = 0 ] || exit 1
fi
step "all done"
