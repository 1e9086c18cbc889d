#!/bin/sh
# Removes network namespaces, what runs in them, and the task servers that serve them, as soon as standard input ends:
# that is when the test closes the pipe, and also when the test's process dies, in whatever way.
#   remove-namespaces.sh STATE_ROOT NAMESPACE...
state_root=$1
shift
trap '' INT TERM HUP
cat > /dev/null

# A task server may live outside of the namespace; it has its folder among its arguments, which end with NUL each.
list_servers() {
  grep -lsz "^$state_root/[^/]*$1[^/]*/" /proc/[0-9]*/cmdline | cut -d / -f 3
}

for netns in "$@"; do
  for pid in $(ip netns pids "$netns" 2> /dev/null) $(list_servers "$netns"); do
    kill -KILL "$pid" 2> /dev/null
  done
done
for netns in "$@"; do
  ip netns delete "$netns" 2> /dev/null
  rm -rf "${state_root:?}"/*"${netns:?}"*
done
exit 0
