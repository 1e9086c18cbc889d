#!/bin/sh
# A guest of the older generation: posts to /result and leaves it to the server which task that was.
#   bare-result.sh URL FOLDER
set -u
url=$1
folder=$2
here=$(dirname "$0")
mkdir -p "$folder/task"

while :; do
  task=$(curl -s -m 15 "$url/task") || sleep 0.2
  [ -n "$task" ] || continue
  printf %s "$task" | python3 "$here/split_json.py" "$folder/task" || continue

  CLAUDE_CODE_OAUTH_TOKEN=$(cat "$folder/task/token") IS_SANDBOX=1 \
    claude --print --dangerously-skip-permissions --effort "$(cat "$folder/task/effort")" \
    --output-format "$(cat "$folder/task/outputFormat")" \
    < "$folder/task/prompt" > "$folder/output" 2> "$folder/errors"
  code=$?
  if [ $code -ne 0 ]; then
    { printf 'ERROR: claude exit=%s: ' $code && cat "$folder/output" "$folder/errors"; } > "$folder/body"
  else
    cp "$folder/output" "$folder/body"
  fi
  curl -s -m 60 -X POST --data-binary @"$folder/body" "$url/result"
done
