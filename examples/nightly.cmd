@echo off
rem A night's work on Windows: order what is new, order failed clips again, wait for them, fetch them,
rem write the report. Copy this file beside your spreadsheet and change the line that begins with
rem creativeai; then rehearse it with
rem
rem     nightly.cmd --sandbox
rem
rem which costs nothing, and let the Task Scheduler start it every night (docs\scheduling.md). It prints
rem only what needs you. It waits at most two hours for clips (--wait), and gives each other step one hour
rem (--timeout). To publish clips, too, add --to shopify or --exec upload.cmd.
cd /d "%~dp0" || exit /b 74
creativeai run listings.csv --max-credits 500 --wait 2h --timeout 1h --quiet %*
