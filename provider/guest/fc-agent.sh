#!/bin/sh
# The guest agent: fetches tasks from the task server, runs the coding agent, and returns what it printed.
#
# It is PID 1 of a microVM (`init=` or `rdinit=`), or an ordinary process. It needs a POSIX shell (dash, busybox ash),
# awk, setsid, timeout, and curl or busybox wget; git for tasks with a repository. Settings come from the environment,
# else from the kernel's command line, else from the defaults:
#
#   FC_AGENTS_SERVER   fc_agents.server   the task server; default: port 8080 of the gateway, http://172.16.0.1:8080
#   FC_AGENTS_CLAUDE   fc_agents.claude   the agent's program; default: claude, looked up in PATH
#   FC_AGENTS_WORK     fc_agents.work     where work folders are made; default: /tmp
#   FC_AGENTS_DNS      fc_agents.dns      name servers, separated by commas; default: those of `ip=`, those that
#                                         /etc/resolv.conf has already, else 1.1.1.1,8.8.8.8
#   FC_AGENTS_HTTP     fc_agents.http     curl or wget; default: curl where there is one
#   FC_AGENTS_CLOCK    fc_agents.clock    1: set the clock from the server's, 0: leave it; default: 1 as PID 1
#   ip=                                   address:server:gateway:netmask:hostname:device:autoconf:dns0:dns1 (the kernel's
#                                         own format, nfsroot.txt); default: 172.16.0.2 via 172.16.0.1, 255.255.255.0
#
# Values of a task are never evaluated: each is a file of its own, its bytes as the server sent them.
set -u
# No word of ours is a pattern for file names.
set -f

fields_type=application/vnd.fc-agents.fields
# The server holds a poll for 10 s.
poll_seconds=15
progress_seconds=3
post_seconds=600
git_limit_ms=900000
patch_limit_ms=120000
# Between TERM and KILL.
grace_ms=${FC_AGENTS_GRACE_MS:-10000}
# What is posted at once: 64 KiB with a line of our own, or a single line that is longer, up to what the server takes.
piece_bytes=65000
line_bytes=1000000
# What is posted of a transcript after the agent's end; more than this is left out.
flush_bytes=8388608
flush_ms=10000
stderr_bytes=65536
part_attempts=5
empty_tree=4b825dc642cb6eb9a060e54bf8d69288fbee4904

say() { printf 'fc-agent: %s\n' "$*"; }

# ---- Time. /proc/uptime goes on evenly when the clock is set, and it costs no process.

now_ms() {
  read -r now _ < /proc/uptime
  now=$((${now%.*} * 1000 + (1${now#*.} - 100) * 10))
}

nap() { sleep "$1" 2> /dev/null || sleep 1; }

# Waits longer after each failure: 0.2, 0.4, 0.8 … seconds, at most $2.
back_off() {
  case $1 in
    0) wait_tenths=2 ;;
    1) wait_tenths=4 ;;
    2) wait_tenths=8 ;;
    3) wait_tenths=16 ;;
    4) wait_tenths=32 ;;
    *) wait_tenths=100 ;;
  esac
  [ "$wait_tenths" -le "$(($2 * 10))" ] || wait_tenths=$(($2 * 10))
  nap "$((wait_tenths / 10)).$((wait_tenths % 10))"
}

# Sets the clock from a `Date` header: a restored snapshot wakes up in the past, and TLS fails then.
set_clock() {
  [ "$clock" = 1 ] || return 0
  date=$(sed -n 's/^ *[Dd][Aa][Tt][Ee]: *//p' "$state/head" | tr -d '\r' | tail -n 1)
  # shellcheck disable=SC2086 # Thu, 01 Jan 1970 00:00:00 GMT
  set -- $date
  [ $# -eq 6 ] || return 0
  case $3 in
    Jan) month=01 ;; Feb) month=02 ;; Mar) month=03 ;; Apr) month=04 ;; May) month=05 ;; Jun) month=06 ;;
    Jul) month=07 ;; Aug) month=08 ;; Sep) month=09 ;; Oct) month=10 ;; Nov) month=11 ;; Dec) month=12 ;;
    *) return 0 ;;
  esac
  date="$4-$month-$2 $5"
  case $date in *[!0-9:\ -]*) return 0 ;; esac
  theirs=$(date -u -d "$date" +%s 2> /dev/null) || return 0
  ours=$(date -u +%s)
  # The header has whole seconds: a clock that is right is left alone.
  [ "$((theirs - ours))" -gt 1 ] || [ "$((ours - theirs))" -gt 1 ] || return 0
  date -u -s "$date" > /dev/null 2>&1 && say "clock set to $date, $((theirs - ours)) s on"
}

# ---- HTTP. Each call leaves the status in $http_status (000 without an answer), headers and body in files.

find_client() {
  client=$http
  [ -n "$client" ] || { command -v curl > /dev/null && client=curl; } || client=wget
  if [ "$client" = wget ] && ! command -v wget > /dev/null; then client='busybox wget'; fi
}

# http TIMEOUT_SECONDS BODY_FILE|- URL HEADER…
http() {
  limit=$1 body=$2 url=$3
  shift 3
  : > "$state/head"
  : > "$state/answer"
  if [ "$client" = curl ]; then http_by_curl "$@"; else http_by_wget "$@"; fi
}

http_by_curl() {
  for header in "$@"; do
    shift
    set -- "$@" -H "$header"
  done
  # -T streams the file; the server need not be asked beforehand whether it wants it. One that takes nothing for a
  # minute is given up.
  [ "$body" = - ] || set -- "$@" -H 'Expect:' -X POST -T "$body" --speed-limit 1 --speed-time 60
  # Probes every second: a guest that was restored finds out soon that its connection is none any more.
  http_status=$(curl -s --noproxy '*' -m "$limit" --connect-timeout 5 --keepalive-time 1 \
    -D "$state/head" -o "$state/answer" -w '%{http_code}' "$@" "$url" 2> /dev/null) || http_status=000
}

http_by_wget() {
  for header in "$@"; do
    shift
    set -- "$@" --header "$header"
  done
  if [ "$body" != - ]; then
    if command -v busybox > /dev/null && [ "$(tr -d '\000' < "$body" | wc -c)" -ne "$(wc -c < "$body")" ]; then
      post_by_nc "$@"
      return
    fi
    set -- "$@" --post-file "$body"
  fi
  # Debian's busybox has no -T.
  # shellcheck disable=SC2086 # `busybox wget` is two words
  timeout "$limit" $client -q -S -Y off -O "$state/answer" "$@" "$url" 2> "$state/head" < /dev/null
  read_status $?
}

# busybox wget ends a body at its first NUL.
post_by_nc() {
  address=${url#http://}
  path=/${address#*/}
  address=${address%%/*}
  port=${address##*:}
  [ "$port" != "$address" ] || port=80
  {
    printf 'POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n' "$path" "$address"
    for header in "$@"; do [ "$header" = --header ] || printf '%s\r\n' "$header"; done
    printf 'Content-Length: %d\r\n\r\n' "$(wc -c < "$body")"
    cat "$body"
  } | timeout "$limit" busybox nc "${address%:*}" "$port" > "$state/head" 2> /dev/null
  read_status 0
}

read_status() {
  http_status=$(LC_ALL=C sed -n 's/^.*HTTP\/1\.[01] \([0-9][0-9][0-9]\).*$/\1/p' "$state/head" | tail -n 1)
  case $1:$http_status in
    *:) http_status=000 ;;
    0:*) ;;
    # Its answer was cut off.
    *:2*) http_status=000 ;;
  esac
}

# The task's id as it stands in a query.
encode_id() {
  case $id in
    *[!A-Za-z0-9._-]*) id_in_query=$(printf %s "$id" | od -An -v -tx1 | tr -d '\n' | tr ' ' %) ;;
    *) id_in_query=$id ;;
  esac
}

# post_about BODY_FILE TIMEOUT_SECONDS PATH HEADER…: names the task in the query, and in the header where it can stand.
post_about() {
  about_body=$1 about_limit=$2 about_path=$3
  shift 3
  [ "$id_in_query" != "$id" ] || set -- "$@" "X-Task-Id: $id"
  http "$about_limit" "$about_body" "$server$about_path" "$@"
}

# ---- The task: one file for each field.

fetch_task() {
  rm -rf "$fields"
  mkdir "$fields"
  http "$poll_seconds" - "$server/task" "Accept: $fields_type"
  [ "$http_status" != 000 ] || return 1
  if ! grep -qi '^ *date:' "$state/head" && [ "$client" = curl ]; then
    mv "$state/answer" "$state/task"
    # An answer without a date is not this server's own; it may have one all the same.
    curl -s --noproxy '*' -m 3 -I -o "$state/head" "$server/task" 2> /dev/null
    mv "$state/task" "$state/answer"
  fi
  set_clock
  [ "$http_status" = 200 ] && [ -s "$state/answer" ] || return 1
  if [ "$(head -c 17 "$state/answer" | tr '\n\000' '. ')" = "fc-agents-task 1." ]; then
    split_fields
  else
    # A server of the older kind, which knows neither progress nor parts.
    LC_ALL=C awk -v folder="$fields" "$json_program" "$state/answer"
  fi || {
    say "the server's answer cannot be read: $(wc -c < "$state/answer") bytes"
    http_status=000
    return 1
  }
  rm -f "$state/answer"
}

# Whether a field is one that is known: no other name becomes that of a file.
is_known_field() {
  case $1 in
    id | prompt | gitRepoUrl | gitRef | model | effort | outputFormat | token | appendSystemPrompt) ;;
    allowedTools | disallowedTools | maxTurns | maxBudgetUsd | timeoutSeconds | features) ;;
    env.*) is_variable_name "${1#env.}" ;;
    *) false ;;
  esac
}

is_variable_name() {
  case $1 in
    '' | [!A-Za-z_]* | *[!A-Za-z0-9_]*) false ;;
  esac
}

split_fields() {
  index='' offset=1
  while IFS= read -r line; do
    offset=$((offset + ${#line} + 1))
    [ -n "$line" ] || break
    case $line in *' '*' '*) return 1 ;; esac
    index="$index $line"
  done < "$state/answer"
  # shellcheck disable=SC2086 # name, length, name, length …; the first two are those of the format
  set -- $index
  shift 2
  while [ $# -ge 2 ]; do
    case $2 in '' | *[!0-9]*) return 1 ;; esac
    if is_known_field "$1"; then tail -c "+$offset" "$state/answer" | head -c "$2" > "$fields/$1"; fi
    offset=$((offset + $2))
    shift 2
  done
  [ "$(wc -c < "$state/answer")" -eq "$((offset - 1))" ]
}

# Splits a JSON object at its quotation marks, and each string at its backslashes: no text is copied twice.
# shellcheck disable=SC2016 # awk's own variables
json_program='
  BEGIN { RS = "\""; ORS = "" }
  {
    if (inside) inside = decode($0)
    else { outside($0); inside = 1; is_first = 1 }
    if (!inside && target != "") { close(target); target = "" }
  }
  END { exit !(depth == 0 && seen) }

  function outside(text) {
    gsub(/[ \t\r\n]/, "", text)
    while (text != "") {
      c = substr(text, 1, 1)
      if (match(text, /^[-+.0-9A-Za-z]+/)) {
        if (text !~ /^null/) { start(); put(substr(text, 1, RLENGTH)); if (target != "") close(target); target = "" }
        text = substr(text, RLENGTH + 1)
        continue
      }
      if (c == "{" || c == "[") { depth++; kind[depth] = c; key_of[depth] = ""; is_value = c == "["; seen = 1 }
      else if (c == "}" || c == "]") { depth-- }
      else if (c == ":") is_value = 1
      else if (c == ",") is_value = kind[depth] == "["
      text = substr(text, 2)
    }
  }

  # Opens the file of the value that begins here, if it is one that is wanted.
  function start(   name) {
    target = ""
    if (kind[depth] == "[") return
    if (depth == 1) name = key_of[1]
    else if (depth == 2 && key_of[1] == "env" && key_of[2] ~ /^[A-Za-z_][A-Za-z0-9_]*$/) name = "env." key_of[2]
    if (name ~ /^env\./ && depth == 2 || name ~ known) { target = folder "/" name; print "" > target }
  }

  function put(text) {
    if (!is_value) key_of[depth] = key_of[depth] text
    else if (target != "") print text > target
  }

  # One piece of a string; true when the quotation mark after it belongs to the string.
  function decode(text,   parts, count, i) {
    if (is_first) { is_first = 0; high = 0; if (is_value) start(); else key_of[depth] = "" }
    count = split(text, parts, /\\/)
    if (count > 0) emit(parts[1])
    for (i = 2; i <= count; i++) {
      if (parts[i] != "") escape(parts[i])
      else if (i == count) { emit("\""); return 1 }
      else { emit("\\"); emit(parts[++i]) }
    }
    if (high) { high = 0; put(replacement) }
    return 0
  }

  function emit(text) {
    if (text == "") return
    if (high) { high = 0; put(replacement) }
    put(text)
  }

  function escape(text,   c) {
    c = substr(text, 1, 1)
    if (c == "u") { code_unit(hexadecimal(substr(text, 2, 4))); emit(substr(text, 6)); return }
    emit(c == "n" ? "\n" : c == "t" ? "\t" : c == "r" ? "\r" : c == "b" ? "\b" : c == "f" ? "\f" : c)
    emit(substr(text, 2))
  }

  function hexadecimal(digits,   i, n) {
    for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
    return n
  }

  # A UTF-16 code unit: the second half of a pair, the first one, or a character by itself.
  function code_unit(n) {
    if (n >= 56320 && n < 57344 && high) { n = (high - 55296) * 1024 + n - 56320 + 65536; high = 0; utf8(n); return }
    if (high) { high = 0; put(replacement) }
    if (n >= 55296 && n < 56320) high = n
    else if (n >= 56320 && n < 57344) put(replacement)
    else utf8(n)
  }

  function utf8(n) {
    if (n == 0) { if (is_value && target != "") printf "%c", 0 > target }
    else if (n < 128) put(sprintf("%c", n))
    else if (n < 2048) put(sprintf("%c%c", 192 + int(n / 64), 128 + n % 64))
    else if (n < 65536) put(sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64))
    else put(sprintf("%c%c%c%c", 240 + int(n / 262144), 128 + int(n / 4096) % 64, 128 + int(n / 64) % 64, 128 + n % 64))
  }

  BEGIN {
    replacement = sprintf("%c%c%c", 239, 191, 189)
    known = "^(id|prompt|gitRepoUrl|gitRef|model|effort|outputFormat|token|appendSystemPrompt|allowedTools"
    known = known "|disallowedTools|maxTurns|maxBudgetUsd|timeoutSeconds)$"
  }
'

# Puts a field into $value, without losing line ends at its end; empty when the task has none.
value_of() {
  value=
  [ ! -s "$fields/$1" ] || value=$(cat "$fields/$1" && printf x)
  value=${value%x}
}

# ---- One run.

run_task() {
  value_of id
  id=$value
  encode_id
  value_of token
  token=$value
  # From here on it is in this shell's memory only, and in the agent's environment.
  rm -f "$fields/token"
  value_of outputFormat
  output_format=${value:-text}
  value_of features
  features=" $value "
  value_of timeoutSeconds
  timeout_seconds=$value
  case $timeout_seconds in *[!0-9]*) timeout_seconds= ;; esac

  rm -rf "$run"
  mkdir -m 711 "$run"
  mkdir -m 755 "$run/work"
  : > "$run/stdout"
  : > "$run/stderr"
  printf '0 0\n' > "$run/posted"
  error_kind='' base='' agent_format=text exit_code=0 duration_ms=0 is_streamed='' pending_state=
  case $features in *' progress '*) is_streamed=1 ;; esac
  say "task $id: $(wc -c < "$fields/prompt") bytes of prompt"

  if prepare_repository; then run_agent; fi
  end_leftovers
  say "task $id: exit code $exit_code after $duration_ms ms${error_kind:+, $error_kind}"
  flush_progress
  # After the agent's last line; where the server no longer listens, nothing is lost.
  pending_state=collecting
  [ -z "$is_streamed" ] || post_progress
  [ -z "$base" ] || make_patch
  make_body
  send_parts
  send_result
  token=''
  remove_run
}

# supervise LIMIT_MS INPUT OUTPUT ERRORS STARTER ARGUMENT…: runs a starter, which ends with `exec setsid`, and waits
# for its end or for the limit (0: none). Sets $status, and $is_late when it was ended by the limit.
supervise() {
  limit_ms=$1 input=$2 output=$3 errors=$4
  shift 4
  rm -f "$run/late"
  : > "$run/going"
  now_ms
  started_ms=$now
  "$@" < "$input" > "$output" 2> "$errors" &
  child=$!
  watcher=
  if [ "$limit_ms" -gt 0 ] || [ -n "$is_streamed" ]; then
    watch "$child" "$limit_ms" > /dev/null 2>&1 < /dev/null &
    watcher=$!
  fi
  wait "$child"
  status=$?
  now_ms
  duration_ms=$((now - started_ms))
  # The file is what counts: a signal that reaches a shell between its fork and its `trap` is lost.
  rm -f "$run/going"
  if [ -n "$watcher" ]; then
    kill -TERM "$watcher" 2> /dev/null
    wait "$watcher"
  fi
  # What it has left in its process group.
  kill -KILL "-$child" 2> /dev/null
  child='' pending_state=''
  is_late=
  [ ! -e "$run/late" ] || is_late=1
}

# Beside a run: posts what is new twice a second, and ends the run when its time is over.
watch() {
  is_over=''
  trap 'is_over=1' TERM
  deadline=0 kill_at=0 next_post=0
  [ "$2" -eq 0 ] || deadline=$((started_ms + $2))
  while [ -z "$is_over" ] && [ -e "$run/going" ]; do
    now_ms
    if [ "$kill_at" -gt 0 ]; then
      [ "$now" -lt "$kill_at" ] || kill -KILL "-$1"
    elif [ "$deadline" -gt 0 ] && [ "$now" -ge "$deadline" ]; then
      : > "$run/late"
      kill -TERM "-$1"
      kill_at=$((now + grace_ms))
    fi
    if [ -n "$is_streamed" ] && [ "$now" -ge "$next_post" ]; then
      # A server that does not answer is asked rarely, so that the run does not notice.
      post_progress || [ "$http_status" = none ] || next_post=$((now + 10000))
    fi
    if [ -n "$is_over" ] || [ ! -e "$run/going" ]; then break; fi
    sleep 0.5 &
    pause=$!
    wait "$pause"
    kill "$pause" 2> /dev/null
  done
}

# ---- The repository.

start_git() {
  umask 022
  cd "$1" || exit 1
  shift
  GIT_TERMINAL_PROMPT=0
  export GIT_TERMINAL_PROMPT
  exec setsid git "$@"
}

# git FOLDER ARGUMENT…, with what it says in $run/git and $run/git.err.
supervise_git() {
  supervise "$git_limit_ms" /dev/null "$run/git" "$run/git.err" start_git "$@"
  [ "$status" -eq 0 ]
}

prepare_repository() {
  value_of gitRepoUrl
  [ -n "$value" ] || return 0
  pending_state=cloning
  if ! supervise_git "$run" clone --quiet -- "$value" work || ! check_out; then
    # The agent would run in an empty folder, or at another commit than it was to.
    exit_code=$status error_kind=clone-failed
    return 1
  fi
  base=$(git -C "$run/work" rev-parse --verify --quiet HEAD)
  # The state of the files as git knows it now, to find out quickly what has changed.
  cp -p "$run/work/.git/index" "$run/index" 2> /dev/null
  # An empty repository has no commit: everything in it is a change.
  [ -n "$base" ] || base=$empty_tree
}

# At a branch, a tag or a commit, looked up in this order.
check_out() {
  value_of gitRef
  [ -n "$value" ] || return 0
  case $value in
    -*)
      printf "fatal: '%s' is not a valid ref\n" "$value" > "$run/git.err"
      status=128
      return 1
      ;;
  esac
  ref=$value
  if is_commit "refs/remotes/origin/$ref"; then
    supervise_git "$run/work" checkout --quiet -B "$ref" --track "origin/$ref"
  elif is_commit "refs/tags/$ref"; then
    supervise_git "$run/work" checkout --quiet --detach "refs/tags/$ref"
  elif is_commit "$ref"; then
    supervise_git "$run/work" checkout --quiet --detach "$ref"
  else
    # No clone holds commits that no branch leads to.
    supervise_git "$run/work" fetch --quiet origin "$ref" \
      && supervise_git "$run/work" checkout --quiet --detach FETCH_HEAD
  fi
}

is_commit() { git -C "$run/work" rev-parse --verify --quiet "$1^{commit}" > /dev/null; }

# What is in the work folder now, against the commit that the agent started from. It goes by an index of its own: the
# user's is not touched, and what the agent has committed, staged or only written makes no difference.
make_patch() {
  [ -e "$run/work/.git" ] || return 0
  is_streamed=''
  GIT_INDEX_FILE=$run/index
  export GIT_INDEX_FILE
  supervise "$patch_limit_ms" /dev/null /dev/null "$run/git.err" start_git "$run/work" \
    -c core.fsmonitor=false -c advice.addEmbeddedRepo=false add --all .
  if [ "$status" -eq 0 ]; then
    supervise "$patch_limit_ms" /dev/null "$run/patch" "$run/git.err" start_git "$run/work" -c core.fsmonitor=false \
      diff --cached --binary --no-color --no-ext-diff --no-textconv --src-prefix=a/ --dst-prefix=b/ "$base"
  fi
  unset GIT_INDEX_FILE
  [ "$status" -eq 0 ] || {
    say "no patch: $(tail -n 1 "$run/git.err")"
    rm -f "$run/patch"
  }
}

# ---- The agent.

# start_agent PROGRAM ARGUMENT…, which becomes the agent. The token and the task's variables are in no other process.
start_agent() {
  umask 022
  cd "$run/work" || exit 1
  [ -z "$is_init" ] || echo 0 > /proc/self/oom_score_adj
  unset FC_AGENTS_SERVER FC_AGENTS_CLAUDE FC_AGENTS_WORK FC_AGENTS_DNS FC_AGENTS_HTTP FC_AGENTS_CLOCK FC_AGENTS_GRACE_MS
  for variable in $variables; do
    value_of "env.$variable"
    export "$variable=$value"
  done
  export "CLAUDE_CODE_OAUTH_TOKEN=$token" IS_SANDBOX=1
  # The agent keeps its settings there.
  if [ ! -w "${HOME:-/}" ]; then
    mkdir -p "$home/home"
    export "HOME=$home/home"
  fi
  exec setsid "$@"
}

# Adds `--option value` to the agent's arguments when the task has that field.
run_agent() {
  program=$(command -v "$claude") || program=$claude
  variables=$(find "$fields" -name 'env.*' | sed 's/^.*\/env\.//')
  set -- "$program" --print --dangerously-skip-permissions
  for option in model:model effort:effort append-system-prompt:appendSystemPrompt allowedTools:allowedTools \
    disallowedTools:disallowedTools max-turns:maxTurns max-budget-usd:maxBudgetUsd; do
    value_of "${option#*:}"
    [ -z "$value" ] || set -- "$@" "--${option%%:*}" "$value"
  done
  agent_format=$output_format
  [ -z "$is_streamed" ] || agent_format=stream-json
  set -- "$@" --output-format "$agent_format"
  [ "$agent_format" != stream-json ] || set -- "$@" --verbose
  pending_state=running
  supervise "$((${timeout_seconds:-0} * 1000))" "$fields/prompt" "$run/stdout" "$run/stderr" start_agent "$@"
  exit_code=$status
  if [ -n "$is_late" ] && [ "$exit_code" -ne 0 ]; then
    error_kind=timed-out
  elif [ "$exit_code" -gt 128 ] && [ "$exit_code" -le 192 ] && ! has_result; then
    error_kind=killed
  fi
}

# As PID 1 all other processes are the task's.
end_leftovers() {
  [ -z "$is_init" ] || kill -KILL -1 2> /dev/null
}

remove_run() {
  [ -z "$run" ] || rm -rf "$run" 2> /dev/null || { chmod -R u+rwX "$run" && rm -rf "$run"; } 2> /dev/null
  rm -rf "$fields"
}

# ---- Progress.

# Posts what the agent has printed since the last post, in whole lines. False when nothing was posted.
post_progress() {
  http_status=none
  read -r posted number < "$run/posted"
  : > "$run/chunk"
  [ -z "$pending_state" ] || printf '{"type":"fc-agents","state":"%s"}\n' "$pending_state" > "$run/chunk"
  if [ "$(wc -c < "$run/stdout")" -gt "$posted" ]; then
    tail -c "+$((posted + 1))" "$run/stdout" | head -c "$piece_bytes" > "$run/piece"
    lines=$(wc -l < "$run/piece")
    if [ "$lines" -gt 0 ]; then
      head -n "$lines" "$run/piece" > "$run/lines"
      cat "$run/lines" >> "$run/chunk"
      posted=$((posted + $(wc -c < "$run/lines")))
    elif [ "$(wc -c < "$run/piece")" -eq "$piece_bytes" ]; then
      add_long_line
    fi
  fi
  [ -s "$run/chunk" ] || return 1
  number=$((number + 1))
  # The same number again is the same lines again, after an answer that was lost.
  post_about "$run/chunk" "$progress_seconds" "/progress?id=$id_in_query" "X-Progress-Number: $number"
  case $http_status in
    2??)
      pending_state=''
      printf '%s %s\n' "$posted" "$number" > "$run/posted"
      ;;
    404 | 403 | 405 | 409 | 410 | 413) is_streamed='' ;;
  esac
  [ "${http_status#2}" != "$http_status" ]
}

# A line that is too long for a usual post, once it has come to its end: alone, or else only how long it is.
add_long_line() {
  tail -c "+$((posted + 1))" "$run/stdout" | head -n 1 > "$run/lines"
  [ "$(tail -c 1 "$run/lines" | wc -l)" -eq 1 ] || return 0
  length=$(wc -c < "$run/lines")
  posted=$((posted + length))
  if [ "$length" -le "$line_bytes" ]; then
    cat "$run/lines" >> "$run/chunk"
  else
    printf '{"type":"fc-agents","omittedBytes":%d}\n' "$length" >> "$run/chunk"
  fi
}

# What is left after the end, in posts that follow each other directly.
flush_progress() {
  [ -n "$is_streamed" ] || return 0
  # The watcher's own variables ended with it.
  read -r posted number < "$run/posted"
  size=$(wc -c < "$run/stdout")
  if [ "$((size - posted))" -gt "$flush_bytes" ]; then
    # Begins again in the middle of a line, which is dropped with what was before it.
    cut=$((size - flush_bytes))
    cut=$((cut + $(tail -c "+$((cut + 1))" "$run/stdout" | head -n 1 | wc -c)))
    printf '{"type":"fc-agents","omittedBytes":%d}\n' "$((cut - posted))" > "$run/chunk"
    printf '%s %s\n' "$cut" "$((number + 1))" > "$run/posted"
    post_about "$run/chunk" "$progress_seconds" "/progress?id=$id_in_query" "X-Progress-Number: $((number + 1))"
  fi
  now_ms
  flush_until=$((now + flush_ms))
  while [ "$now" -lt "$flush_until" ] && post_progress; do now_ms; done
}

# ---- The result.

# Whether the last line that the agent printed is its result object. The type may stand anywhere in it; in a string of
# it, the quotation marks would have backslashes.
has_result() {
  tail -n 1 "$run/stdout" > "$run/last"
  [ "$(head -c 1 "$run/last" | tr '\000' ' ')" = '{' ] && LC_ALL=C grep -q '"type":"result"' "$run/last"
}

# Whether the agent printed JSON, as it was told to.
has_json() { [ "$agent_format" != text ] && [ "$(head -c 1 "$run/stdout" | tr '\000' ' ')" = '{' ]; }

# $run/body: what becomes the task's result.
make_body() {
  case $error_kind in
    clone-failed)
      {
        printf 'ERROR: git clone failed, exit=%s: ' "$exit_code"
        [ -z "$is_late" ] || printf 'git did not end within %s s. ' "$((git_limit_ms / 1000))"
        tail -c 8192 "$run/git.err"
      } > "$run/body"
      ;;
    timed-out) make_ended_body "timed out after $timeout_seconds s (timeoutSeconds) and was ended" ;;
    killed) make_ended_body "killed by signal $((exit_code - 128))" ;;
    *) make_usual_body ;;
  esac
}

make_ended_body() {
  if [ "$output_format" = stream-json ] && has_json; then
    {
      cat "$run/stdout"
      printf '\n{"type":"fc-agents","state":"%s","message":"%s"}\n' "$error_kind" "$1"
    } > "$run/body"
    return
  fi
  {
    printf 'ERROR: claude exit=%s: %s\n' "$exit_code" "$1"
    has_json || tail -c 8192 "$run/stdout"
    tail -n 20 "$run/stderr" | tail -c 8192
  } > "$run/body"
}

make_usual_body() {
  if [ "$output_format" != stream-json ] && has_result; then
    mv "$run/last" "$run/body"
  elif [ "$exit_code" -ne 0 ] && { ! has_json || [ "$output_format" = text ]; }; then
    {
      printf 'ERROR: claude exit=%s: ' "$exit_code"
      has_json || cat "$run/stdout"
      tail -n 20 "$run/stderr" | tail -c 8192
    } > "$run/body"
  else
    mv "$run/stdout" "$run/body"
  fi
}

send_parts() {
  case $features in *' parts '*) ;; *) return ;; esac
  tail -c "$stderr_bytes" "$run/stderr" > "$run/tail"
  [ ! -s "$run/tail" ] || send_part stderr "$run/tail"
  [ -n "$base" ] || return 0
  [ ! -e "$run/patch" ] || send_part patch "$run/patch"
  printf %s "$base" > "$run/commit"
  send_part commit "$run/commit"
}

# The result does not wait for a part that the server cannot store; it does for a server that does not answer.
send_part() {
  failures=0 refusals=0
  while [ "$refusals" -lt "$part_attempts" ]; do
    post_about "$2" "$post_seconds" "/part?id=$id_in_query&name=$1"
    case $http_status in
      2??) return ;;
      4??) break ;;
      000) ;;
      *) refusals=$((refusals + 1)) ;;
    esac
    back_off "$failures" 5
    failures=$((failures + 1))
  done
  say "task $id: its $1 was not taken: $http_status"
}

# Posts until the server has it, however long that takes, or does not want it any more.
send_result() {
  failures=0
  path=/result${id:+"?id=$id_in_query"}
  while :; do
    set -- "X-Exit-Code: $exit_code" "X-Duration-Ms: $duration_ms"
    [ -z "$error_kind" ] || set -- "$@" "X-Error-Kind: $error_kind"
    post_about "$run/body" "$post_seconds" "$path" "$@"
    case $http_status in
      200) break ;;
      404)
        # The oldest servers know no other path than this one.
        if [ "$features" = '  ' ] && [ "$path" != /result ]; then
          path=/result
          continue
        fi
        break
        ;;
      403 | 409) break ;;
      413)
        [ ! -e "$run/shortened" ] || { back_off "$failures" 10 && failures=$((failures + 1)); }
        shorten_body
        continue
        ;;
    esac
    [ "$failures" -ne 0 ] || say "task $id: its result was answered by $http_status, trying again"
    back_off "$failures" 10
    failures=$((failures + 1))
  done
  say "task $id: its result was answered by $http_status"
}

# The user has to hear of it: a result that is never taken would look like an agent that never ends.
shorten_body() {
  [ ! -e "$run/shortened" ] || return 0
  {
    printf 'ERROR: the result of %d bytes is larger than the server takes (maxResultBytes). Its end:\n' \
      "$(wc -c < "$run/body")"
    tail -c 8192 "$run/body"
  } > "$run/shortened"
  mv "$run/body" "$run/whole"
  cp "$run/shortened" "$run/body"
}

# ---- The machine, as PID 1.

# mount_once TYPE TARGET [OPTIONS]
mount_once() {
  [ -d "$2" ] || mkdir -p "$2" 2> /dev/null
  ! grep -q " $2 " /proc/mounts 2> /dev/null || return 0
  mount -t "$1" ${3:+-o "$3"} "$1" "$2" || say "cannot mount $2"
}

mount_filesystems() {
  mount_once proc /proc
  case " $(cat /proc/cmdline) " in *' ro '*) ;; *) mount -o remount,rw / 2> /dev/null ;; esac
  mount_once sysfs /sys
  mount_once devtmpfs /dev
  # The kernel gives no console to an init whose /dev was empty.
  [ ! -c /dev/console ] || exec < /dev/null > /dev/console 2>&1
  mount_once devpts /dev/pts gid=5,mode=620
  mount_once tmpfs /dev/shm mode=1777
  mount_once tmpfs /tmp mode=1777
  mount_once tmpfs /run mode=755
  [ -d /etc ] || mkdir /etc 2> /dev/null
}

# 255.255.255.0 → 24
prefix_of() {
  prefix=0
  # shellcheck disable=SC2046 # four numbers
  for byte in $(printf %s "$1" | tr . ' '); do
    case $byte in
      255) prefix=$((prefix + 8)) ;; 254) prefix=$((prefix + 7)) ;; 252) prefix=$((prefix + 6)) ;;
      248) prefix=$((prefix + 5)) ;; 240) prefix=$((prefix + 4)) ;; 224) prefix=$((prefix + 3)) ;;
      192) prefix=$((prefix + 2)) ;; 128) prefix=$((prefix + 1)) ;;
    esac
  done
}

# set_link DEVICE ADDRESS PREFIX [NETMASK]. The kernel may have done it already, and then these say that it exists.
set_link() {
  if command -v ip > /dev/null; then
    ip link set "$1" up
    ip address add "$2/$3" dev "$1"
  else
    ifconfig "$1" "$2" netmask "${4:-255.0.0.0}" up
  fi 2> /dev/null
}

read_ip_argument() {
  address='' gateway='' netmask='' host_name='' device='' ip_dns=''
  # shellcheck disable=SC2013 # words
  for word in $(cat /proc/cmdline); do
    case $word in
      ip=*.*)
        IFS=: read -r address _ gateway netmask host_name device _ dns0 dns1 _ << END
${word#ip=}
END
        ip_dns="${dns0:-} ${dns1:-}"
        ;;
    esac
  done
  : "${address:=172.16.0.2}" "${gateway:=172.16.0.1}" "${netmask:=255.255.255.0}"
}

bring_up_network() {
  host_name=${host_name:-fc-agent}
  hostname "$host_name" 2> /dev/null
  # git asks for the machine's full name, and waits for name servers that may be out of reach.
  grep -qs "[[:space:]]$host_name\([[:space:]]\|\$\)" /etc/hosts \
    || printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$host_name" 2> /dev/null >> /etc/hosts
  set_link lo 127.0.0.1 8
  tries=0
  while [ -z "$device" ] && [ "$tries" -lt 50 ]; do
    device=$(sed -n '/:/{s/:.*//;s/ //g;/^lo$/!p;}' /proc/net/dev | head -n 1)
    [ -n "$device" ] || nap 0.1
    tries=$((tries + 1))
  done
  prefix_of "$netmask"
  set_link "$device" "$address" "$prefix" "$netmask"
  if command -v ip > /dev/null; then
    ip route add default via "$gateway"
  else
    route add default gw "$gateway"
  fi 2> /dev/null
  say "network: $address/$prefix via $gateway on ${device:-no device}"
}

write_resolv_conf() {
  # shellcheck disable=SC2046,SC2086 # words
  set -- $(printf %s "$dns" | tr , ' ') $ip_dns
  if [ $# -eq 0 ]; then
    ! grep -q '^nameserver' /etc/resolv.conf 2> /dev/null || return 0
    set -- 1.1.1.1 8.8.8.8
  fi
  for name_server in "$@"; do printf 'nameserver %s\n' "$name_server"; done > /run/resolv.conf
  # A file of ours, also where the image has a link to a service's that does not run; or over it on a read-only root.
  { rm -f /etc/resolv.conf && cat /run/resolv.conf > /etc/resolv.conf; } 2> /dev/null \
    || mount --bind /run/resolv.conf /etc/resolv.conf
}

# ---- The beginning.

read_settings() {
  server=${FC_AGENTS_SERVER:-} claude=${FC_AGENTS_CLAUDE:-} work=${FC_AGENTS_WORK:-}
  dns=${FC_AGENTS_DNS:-} http=${FC_AGENTS_HTTP:-} clock=${FC_AGENTS_CLOCK:-}
  # shellcheck disable=SC2013 # words
  for word in $(cat /proc/cmdline); do
    setting=${word#*=}
    case $word in
      fc_agents.server=*) server=${server:-$setting} ;;
      fc_agents.claude=*) claude=${claude:-$setting} ;;
      fc_agents.work=*) work=${work:-$setting} ;;
      fc_agents.dns=*) dns=${dns:-$setting} ;;
      fc_agents.http=*) http=${http:-$setting} ;;
      fc_agents.clock=*) clock=${clock:-$setting} ;;
    esac
  done
  server=${server:-http://${gateway:-172.16.0.1}:8080}
  server=${server%/}
  claude=${claude:-claude}
  work=${work:-/tmp}
  clock=${clock:-${is_init:-0}}
}

make_folders() {
  umask 077
  mkdir -p "$work"
  home=$(mktemp -d "$work/fc-agent.XXXXXX") || {
    say "no work folder can be made in $work"
    exit 1
  }
  run=$home/run
  # What is secret stays in memory where there is a file system for that.
  state=$home
  [ -z "$is_init" ] || state=$(mktemp -d /run/fc-agent.XXXXXX)
  fields=$state/fields
  # Others have to get through to the work folder.
  chmod 711 "$home"
}

serve() {
  make_folders
  find_client
  say "asking $server for tasks by $client"
  failures=0
  while :; do
    now_ms
    asked_ms=$now
    if fetch_task; then
      failures=0
      run_task
    elif [ "$http_status" = 200 ] || [ "$http_status" = 204 ]; then
      failures=0
      now_ms
      # A server that does not hold the question.
      [ "$((now - asked_ms))" -gt 500 ] || nap 0.2
    else
      # A server that begins again is to find its guests soon.
      back_off "$failures" 1
      failures=$((failures + 1))
    fi
  done
}

# As an ordinary process: ends the run with it, and leaves nothing.
stop() {
  trap '' TERM INT HUP
  [ -z "${child:-}" ] || kill -KILL "-$child" 2> /dev/null
  [ -z "${watcher:-}" ] || kill -TERM "$watcher" 2> /dev/null
  rm -rf "${home:-}"
  exit 143
}

main() {
  is_init=''
  [ "$$" -ne 1 ] || is_init=1
  if [ -z "$is_init" ]; then
    read_settings
    child='' watcher='' home=''
    trap stop TERM INT HUP
    serve
  fi
  PATH=${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
  HOME=/root
  [ -d /root ] || HOME=/
  export PATH HOME
  mount_filesystems
  read_ip_argument
  bring_up_network
  read_settings
  write_resolv_conf
  # This shell only waits, which also takes in orphans that have ended; a fault in the other one is not the machine's end.
  while :; do
    (
      echo -900 > /proc/self/oom_score_adj
      serve
    ) &
    wait $!
    say "the guest agent ended with $?, starting it again"
    kill -KILL -1
    nap 1
  done
}

main
