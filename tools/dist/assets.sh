#!/usr/bin/env bash
# What is packed beside the program: completions, manual pages and the dependencies' licenses.
#
#     tools/dist/assets.sh PROGRAM [TARGET...]     into target/assets; licenses of what the targets contain
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$1
shift
out=target/assets
rm -rf "$out"
mkdir -p "$out/completions" "$out/man"
"$program" completions bash >"$out/completions/creativeai.bash"
"$program" completions zsh >"$out/completions/_creativeai"
"$program" completions fish >"$out/completions/creativeai.fish"
"$program" completions powershell >"$out/completions/creativeai.ps1"
"$program" completions elvish >"$out/completions/creativeai.elv"
"$program" man --dir "$out/man" --quiet
python3 tools/dependencies.py licenses "$@" >"$out/THIRD-PARTY-LICENSES.txt"
