# Of two `grade -o` into one folder at once one wins: the other ends as if the result had been there before.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
runs=()
for i in 1 2; do
  "$LUMBARGRADE" grade "$example" -o out > "stdout$i" 2> "stderr$i" &
  runs+=($!)
done
codes=()
for i in 1 2; do
  code=0
  wait "${runs[i - 1]}" || code=$?
  codes+=("$code")
  [[ $code == 0 ]] || grep -q -- "--force overwrites it" "stderr$i" || fail_test "the loser does not say why: $(cat "stderr$i")"
done
expect_equal "0 1" "$(printf '%s\n' "${codes[@]}" | sort | tr '\n' ' ' | sed 's/ $//')" "exit codes of the two"
expect_equal 26 "$(wc -l < out/grades.csv)" "lines of grades.csv"
expect_equal "grades.csv run.json" "$(ls -A out | tr '\n' ' ' | sed 's/ $//')" "files"

# What is no file is refused before anything is read.
mkfifo pipe
expect_exit 1 timeout 20 "$LUMBARGRADE" submission --data "$example" -o pipe --force
expect_stderr "it is no regular file"
[[ -p pipe ]] || fail_test "the pipe was replaced"
# Names that the shell puts into the command line steer no terminal.
expect_exit 2 lumbargrade grade study $'a\e]0;x'
if grep -q $'\e' .stderr; then fail_test "an escape sequence reached the terminal"; fi
