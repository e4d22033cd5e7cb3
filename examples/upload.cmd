@echo off
rem Hands one finished clip on. `creativeai publish --exec upload.cmd` starts this once for each
rem clip; the clip counts as published when it ends with code 0, else it is started again next time.
rem
rem What it may need is in variables: CREATIVEAI_FILE (the downloaded clip), CREATIVEAI_OUTPUT_URL
rem (its address), CREATIVEAI_LISTING_ID or CREATIVEAI_SKU, CREATIVEAI_JOB, CREATIVEAI_PUBLISH_ID
rem (the same for every repetition), and every column of the spreadsheet, such as
rem CREATIVEAI_DELIVERY_TARGET. The whole job is in the file CREATIVEAI_JSON_FILE, and on standard
rem input. There is no key among them.
rem
rem Write them with exclamation marks, as below. Between percent signs Windows fills them in before
rem it reads a line as commands, and a cell of the spreadsheet could become a command.
setlocal EnableExtensions EnableDelayedExpansion

if not defined CREATIVEAI_FILE (
    echo There is no downloaded clip. Type first: creativeai download
    exit /b 1
)

rem This example copies to a folder, as a network drive or a synchronized folder would be. Instead:
rem   rclone copyto "!CREATIVEAI_FILE!" "remote:clips/!CREATIVEAI_JOB!.mp4"
rem   curl --fail --upload-file "!CREATIVEAI_FILE!" "https://cms.example.com/clips/!CREATIVEAI_PUBLISH_ID!"
set "folder=published\!CREATIVEAI_JOB!"
if not exist "!folder!" mkdir "!folder!"
copy /Y "!CREATIVEAI_FILE!" "!folder!" >nul
exit /b !errorlevel!
