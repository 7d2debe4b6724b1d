# Sourced by the tests of scripts/cluster. They need software that the default suite does not install and are started by
# hand: tests/cluster/slurm_test. LUMBARGRADE names the program (default: build/default's).
set -euo pipefail

readonly ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LUMBARGRADE=${LUMBARGRADE:-$ROOT/build/default/src/cli/lumbargrade}
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/lumbargrade
[[ -x $LUMBARGRADE ]] || { echo "build first, or name the program in LUMBARGRADE: no $LUMBARGRADE" >&2; exit 1; }

fail_test() {
  echo "FAILED: $*" >&2
  exit 1
}

# make_data FOLDER COUNT: links to the example study, one unreadable study among them.
make_data() {
  mkdir -p "$1/broken/1"
  echo "no DICOM" > "$1/broken/1/1.dcm"
  for ((study = 1; study < $2; ++study)); do ln -s "$ROOT/tests/data/example_study/900107" "$1/$study"; done
}

# The tables of one run without shards, which every cluster run has to equal byte for byte.
grade_unsharded() {
  local status=0
  "$LUMBARGRADE" --quiet batch "$1" -o "$2" --deterministic || status=$?
  [[ $status == 3 ]] || fail_test "the unsharded run ended with $status instead of 3 (one broken study)"
}

expect_same_tables() {
  for table in grades.csv failures.csv; do
    cmp "$1/$table" "$2/$table" || fail_test "$table differs from the unsharded run's"
  done
}

# A virtual environment with pinned packages, kept from run to run: environment NAME PACKAGE... prints its folder.
environment() {
  local folder=$CACHE/test-$1
  shift
  if [[ ! -e $folder/bin/python || $(cat "$folder/packages" 2> /dev/null) != "$*" ]]; then
    python3 -m venv --clear "$folder" >&2
    "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: "$@" >&2
    echo "$*" > "$folder/packages"
  fi
  echo "$folder"
}
