@echo off
rem A night's work on Windows: order what is new, order failed clips again, wait for them,
rem fetch them, hand them on, write the report.
rem
rem Copy this file beside your spreadsheet and change the lines under "Yours". Rehearse it with
rem
rem     nightly.cmd --sandbox
rem
rem which costs nothing, then let the Task Scheduler start it every night (docs\scheduling.md).
rem What happened is in nightly.log; the last lines say whether something needs you.

setlocal
cd /d "%~dp0"
if errorlevel 1 exit /b 74

rem Yours: the spreadsheet; the credits that the whole log may cost; how long to wait for the
rem clips; how long any other step may take; and, to hand clips on, --to=shopify or --exec=upload.cmd.
set manifest=listings.csv
set max_credits=500
set wait=2h
set longest=1h
set publish=

rem From here on nothing needs to be changed.
set rehearsal=%~1
set result=0
set worst=0

echo == %date% %time% >>nightly.log
call :step submit "%manifest%" --max-credits %max_credits% --timeout %longest%
call :step retry --failed --yes --max-credits %max_credits% --timeout %longest%
call :step reconcile --wait --timeout %wait%
call :step download --timeout %longest%
if not "%publish%"=="" call :step publish "%publish%" --timeout %longest%
call :step report

rem Nights in a row that were not finished; a number in a file, so that it outlives them.
set unfinished=0
if not %result%==75 if exist nightly.unfinished del nightly.unfinished
if %result%==75 if exist nightly.unfinished set /p unfinished=<nightly.unfinished
if %result%==75 set /a unfinished=unfinished+1
if %result%==75 echo %unfinished%>nightly.unfinished

if %result%==0 exit /b 0
if %result%==75 if %unfinished% lss 3 exit /b 0
if %result%==75 call :say %unfinished% nights in a row were not finished: busy, throttled, no network or too little time.
if %result%==1 call :say Some clips failed. They are ordered again tomorrow, up to three times in all.
if %result%==3 call :say Something waits for your decision. Type: creativeai status
if %result%==65 call :say The spreadsheet has mistakes; nothing new was ordered.
if %result%==77 call :say The key or the credits were refused; nothing more was ordered.
if %worst%==6 call :say The night ended early, with code %result%. Type: creativeai help exit-codes
exit /b %result%

:say
echo %*
echo %* >>nightly.log
exit /b 0

rem Runs one command. A failed clip, a refused key or a mistake in the spreadsheet is no reason not
rem to fetch what is ready; a full disk, wrong settings or a stop from outside is.
:step
if %worst%==6 exit /b 0
creativeai %* %rehearsal% >>nightly.log 2>&1
set code=%errorlevel%
set weight=6
if %code%==0 set weight=0
if %code%==75 set weight=1
if %code%==1 set weight=2
if %code%==65 set weight=3
if %code%==77 set weight=4
if %code%==3 set weight=5
if %weight% gtr %worst% set result=%code%
if %weight% gtr %worst% set worst=%weight%
exit /b 0
