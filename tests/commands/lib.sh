# Sourced by the tests of whole commands. ctest gives LUMBARGRADE (the binary), LUMBARGRADE_SOURCE (the repository),
# LUMBARGRADE_TEST_DATA and LUMBARGRADE_SHARED. A test runs in a fresh folder, $WORK, that is removed afterwards.
# It ends at the first expectation that does not hold; `skip REASON` ends it as skipped.
set -uo pipefail

readonly SKIPPED=77
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

lumbargrade() { "$LUMBARGRADE" "$@"; }

fail_test() {
  echo "FAILED: $*"
  if [[ -e $WORK/.stdout ]]; then
    echo "--- stdout"; head -n 40 "$WORK/.stdout"
    echo "--- stderr"; head -n 40 "$WORK/.stderr"
  fi
  exit 1
}

skip() {
  echo "SKIPPED: $*"
  exit "$SKIPPED"
}

# Whether the program watches its own memory: no ulimit -v is large enough for it then.
has_sanitizer() { [[ $(ldd "$LUMBARGRADE") == *libasan* ]]; }

# expect_exit CODE COMMAND...: runs the command; what it wrote is kept for the expectations that follow.
expect_exit() {
  local expected=$1 actual=0
  shift
  "$@" >"$WORK/.stdout" 2>"$WORK/.stderr" || actual=$?
  [[ $actual == "$expected" ]] || fail_test "exit code $actual instead of $expected: $*"
}

expect_stdout() { grep -qF -- "$1" "$WORK/.stdout" || fail_test "stdout lacks: $1"; }
expect_stderr() { grep -qF -- "$1" "$WORK/.stderr" || fail_test "stderr lacks: $1"; }
expect_no_stdout() { [[ ! -s $WORK/.stdout ]] || fail_test "stdout should be empty"; }
expect_file() { [[ -e $1 ]] || fail_test "no such file: $1"; }
expect_no_file() { [[ ! -e $1 ]] || fail_test "should not exist: $1"; }

# expect_equal EXPECTED ACTUAL WHAT
expect_equal() { [[ $1 == "$2" ]] || fail_test "$3: '$2' instead of '$1'"; }
