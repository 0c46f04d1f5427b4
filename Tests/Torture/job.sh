#!/bin/bash
# The command of a tortured job: appends its start and its end to MARKS, and ends with the CODE of its attempt, the last for all later ones.
# Usage: job.sh MARKS SECONDS CODE...
marks=$1 seconds=$2
shift 2
code=${!ROTA_ATTEMPT:-${!#}}
# One short write to a file opened for appending: lines of several processes never mix.
mark() { printf '%s %s %s %s %s %s %s %s\n' "$1" "$ROTA_RUN" "$ROTA_JOB" "$ROTA_DUE" "$ROTA_ATTEMPT" "$$" "$EPOCHREALTIME" "$code" >>"$marks"; }
mark start
[ "$seconds" = 0 ] || sleep "$seconds"
mark end
exit "$code"
