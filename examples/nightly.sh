#!/bin/sh
# A night's work: order what is new, order failed clips again, wait for them, fetch them,
# hand them on, write the report.
#
# Copy this file beside your spreadsheet and change the lines under "Yours". Rehearse it with
#
#     sh nightly.sh --sandbox
#
# which costs nothing, then let your computer start it every night (docs/scheduling.md).
# What happened is in nightly.log. Only what needs you is printed, and cron mails that to you.

# Yours
manifest=listings.csv   # your spreadsheet
max_credits=500         # order no more once the whole log has cost this many credits
wait=2h                 # wait at most so long for the clips; the rest comes tomorrow
publish=                # to hand clips on: --to=shopify or --exec=./upload.sh

# From here on nothing needs to be changed.
set -u
PATH="$HOME/.cargo/bin:$HOME/.local/bin:/usr/local/bin:/opt/homebrew/bin:$PATH"
cd "$(dirname "$0")" || exit 74
case ${1-} in
'' | --sandbox) rehearsal=${1-} ;;
*) echo "usage: sh nightly.sh [--sandbox]" && exit 2 ;;
esac
result=0
worst=0

# Orders the exit codes: the higher, the sooner a person should know.
weight() {
    case $1 in
    0) echo 0 ;;
    75) echo 1 ;;
    1) echo 2 ;;
    65) echo 3 ;;
    77) echo 4 ;;
    3) echo 5 ;;
    *) echo 6 ;;
    esac
}

# Runs one command. A failed clip, a refused key or a mistake in the spreadsheet is no reason not
# to fetch what is ready; a full disk, wrong settings or a stop from outside is.
step() {
    creativeai "$@" ${rehearsal:+"$rehearsal"} >>nightly.log 2>&1
    code=$?
    if [ "$(weight $code)" -gt "$worst" ]; then
        result=$code
        worst=$(weight $code)
    fi
    [ "$worst" -lt 6 ]
}

night() {
    step submit "$manifest" --max-credits "$max_credits" &&
        step retry --failed --yes --max-credits "$max_credits" &&
        step reconcile --wait --timeout "$wait" &&
        step download &&
        if [ -n "$publish" ]; then step publish "$publish"; fi &&
        step report
}

echo "== $(date)" >>nightly.log
night

# Quiet when all is well, and when the next night carries on by itself.
case $result in
0 | 75) exit 0 ;;
1) echo "Some clips failed. They are ordered again tomorrow, up to three times in all." ;;
3) echo "Something waits for your decision; the last lines below say what." ;;
65) echo "The spreadsheet has mistakes; nothing new was ordered." ;;
77) echo "The key or the credits were refused; nothing more was ordered." ;;
*) echo "The night ended early, with code $result ('creativeai help exit-codes')." ;;
esac
echo "From nightly.log in $(pwd):"
tail -n 20 nightly.log
exit "$result"
