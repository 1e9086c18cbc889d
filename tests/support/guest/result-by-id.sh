#!/bin/sh
# A guest of the newer generation: names the task with /result?id= and X-Task-Id, tells the agent's exit code, and posts
# again when the server does not answer. With FC_EMPTY_HEADER the header is there and empty, as some guests send it.
#   result-by-id.sh URL FOLDER
set -u
url=$1
folder=$2
here=$(dirname "$0")
mkdir -p "$folder/task"

while :; do
  task=$(curl -s -m 15 "$url/task") || sleep 0.2
  [ -n "$task" ] || continue
  printf %s "$task" | python3 "$here/split_json.py" "$folder/task" || continue
  id=$(cat "$folder/task/id" 2> /dev/null)

  CLAUDE_CODE_OAUTH_TOKEN=$(cat "$folder/task/token") IS_SANDBOX=1 \
    claude --print --dangerously-skip-permissions --effort "$(cat "$folder/task/effort")" \
    --output-format "$(cat "$folder/task/outputFormat")" \
    < "$folder/task/prompt" > "$folder/output" 2> "$folder/errors"
  code=$?
  cp "$folder/output" "$folder/body"
  # A JSON object tells of a failure by itself; text does not.
  if [ $code -ne 0 ] && [ "$(cat "$folder/task/outputFormat")" = text ]; then
    { printf 'ERROR: claude exit=%s: ' $code && cat "$folder/output" "$folder/errors"; } > "$folder/body"
  fi
  # Behind a semicolon curl sends a header without a value; behind a colon it would leave it out.
  header="X-Task-Id: $id"
  if [ -n "${FC_EMPTY_HEADER:-}" ]; then header="X-Task-Id;"; fi
  curl -s -m 60 --retry 20 --retry-delay 1 --retry-all-errors -X POST --data-binary @"$folder/body" \
    -H "$header" -H "X-Exit-Code: $code" "$url/result?id=$id"
done
