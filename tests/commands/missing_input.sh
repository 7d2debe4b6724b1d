# What is named and does not exist is a wrong command line, whatever the command: exit code 2.
. "$(dirname "$0")/lib.sh"

for line in "grade nowhere" "batch nowhere -o out" "inspect nowhere" "inspect nowhere --csv" "crops nowhere -o out" "merge nowhere" \
  "score --truth nowhere --submission nowhere" "submission --data nowhere -o out.csv" "train grader --data nowhere --recipe fast --out out" \
  "train locator --data nowhere --out out" "grade nowhere --prior nowhere --report -o out"; do
  # shellcheck disable=SC2086
  expect_exit 2 lumbargrade $line
  expect_stderr "nowhere"
  expect_no_stdout
  expect_no_file out
done
