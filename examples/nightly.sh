#!/bin/sh
# A night's work: order what is new, order failed clips again, wait for them, fetch them, write the
# report. Copy this file beside your spreadsheet and change the last line; then rehearse it with
#
#     sh nightly.sh --sandbox
#
# which costs nothing, and let your computer start it every night (docs/scheduling.md). It prints only
# what needs you. It waits at most two hours for clips (--wait), and gives each other step one hour
# (--timeout). To publish clips, too, add --to shopify or --exec ./upload.sh.
PATH="$HOME/.cargo/bin:$HOME/.local/bin:/usr/local/bin:/opt/homebrew/bin:$PATH"
cd "$(dirname "$0")" || exit 74
exec creativeai run listings.csv --max-credits 500 --wait 2h --timeout 1h --quiet "$@"
