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
longest=1h              # let no other step take longer than this
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
    step submit "$manifest" --max-credits "$max_credits" --timeout "$longest" &&
        step retry --failed --yes --max-credits "$max_credits" --timeout "$longest" &&
        step reconcile --wait --timeout "$wait" &&
        step download --timeout "$longest" &&
        if [ -n "$publish" ]; then step publish "$publish" --timeout "$longest"; fi &&
        step report
}

echo "== $(date)" >>nightly.log
night

# Nights in a row that were not finished; a number in a file, so that it outlives them.
unfinished=0
if [ "$result" -eq 75 ]; then
    unfinished=$(cat nightly.unfinished 2>/dev/null)
    case $unfinished in '' | *[!0-9]*) unfinished=0 ;; esac
    unfinished=$((unfinished + 1))
    echo "$unfinished" >nightly.unfinished
else
    rm -f nightly.unfinished
fi

# Quiet when all is well, and when the next night carries on by itself, unless it never gets done.
case $result in
0) exit 0 ;;
75)
    [ "$unfinished" -lt 3 ] && exit 0
    echo "$unfinished nights in a row were not finished: busy, throttled, no network or too little time."
    ;;
1) echo "Some clips failed. They are ordered again tomorrow, up to three times in all." ;;
3) echo "Something waits for your decision; the last lines below say what." ;;
65) echo "The spreadsheet has mistakes; nothing new was ordered." ;;
77) echo "The key or the credits were refused; nothing more was ordered." ;;
*) echo "The night ended early, with code $result ('creativeai help exit-codes')." ;;
esac
echo "From nightly.log in $(pwd):"
tail -n 20 nightly.log
exit "$result"
