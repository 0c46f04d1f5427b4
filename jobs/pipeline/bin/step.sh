# Read by every step: where the flow's files lie, and what they are checked and written with.
set -eu
export LC_ALL=C

pipeline="${PIPELINE:-${ROTA_OUTPUT%/runs/*}/data/pipeline}"   # PIPELINE where not all steps see the state folder
flow="$pipeline/flows/$ROTA_DUE_EPOCH"     # the same for all runs of one flow
draft="$flow/.$ROTA_JOB.tmp"               # where a step writes until its files are whole

fail() {
  echo "$ROTA_JOB: $*" >&2
  exit 1
}

# need STEP FILE…: ends the step with a clear sentence when an input is missing or empty.
need() {
  step=$1
  shift
  for file in "$@"; do
    [ -s "$flow/$file" ] || fail "$flow/$file is missing or empty; the step '$step' makes it"
  done
}

# figure FILE KEY: one figure of a file of lines "key<TAB>value".
figure() {
  awk -F '\t' -v key="$2" '$1 == key { print $2; found = 1 } END { exit !found }' "$flow/$1" || fail "$flow/$1 has no figure '$2'"
}

begin() {
  rm -rf "$draft"
  mkdir -p "$draft"
}

# finish FILE…: gives the files of the draft their names, each in one step.
# Name the file that later steps check last: when it is there, all are.
finish() {
  for file in "$@"; do mv "$draft/$file" "$flow/$file"; done
  rm -rf "$draft"
}
