#!/bin/sh
# Stands in for the agent's command line in an image: its prompt is a program for bash, and its answer is what that
# prints. With REAL_AGENT set in a task's environment, the image's own Claude Code gets the task.
if [ -n "${REAL_AGENT:-}" ]; then exec claude "$@"; fi
exec bash -s
