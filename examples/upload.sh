#!/bin/sh
# Hands one finished clip on. `creativeai publish --exec ./upload.sh` starts this once for each
# clip; the clip counts as published when it ends with code 0, else it is started again next time.
#
# What it may need is in variables: CREATIVEAI_FILE (the downloaded clip), CREATIVEAI_OUTPUT_URL (its
# address), CREATIVEAI_LISTING_ID or CREATIVEAI_SKU, CREATIVEAI_JOB, CREATIVEAI_PUBLISH_ID (the same
# for every repetition), and every column of the spreadsheet, such as CREATIVEAI_DELIVERY_TARGET.
# The whole job stands on standard input, as JSON. There is no key among them.
#
# A cell may hold anything, also `../..`: make no path of one. The clip's folder is named after its
# listing or SKU, in characters that are safe.
set -eu

file=${CREATIVEAI_FILE:?There is no downloaded clip. Type first: creativeai download}
folder=$(basename "$(dirname "$file")")

# This example copies to a folder, as a network drive or a synchronized folder would be. Instead:
#   rclone copyto "$file" "remote:clips/$folder/$CREATIVEAI_JOB.mp4"
#   curl --fail --upload-file "$file" "https://cms.example.com/clips/$CREATIVEAI_PUBLISH_ID"
mkdir -p "published/$folder"
cp "$file" "published/$folder/"
