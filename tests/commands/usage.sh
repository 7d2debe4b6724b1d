# What the command line does before any command runs.
. "$(dirname "$0")/lib.sh"

expect_exit 0 lumbargrade --help
expect_stdout "Research use only"

expect_exit 2 lumbargrade
expect_no_stdout

expect_exit 2 lumbargrade --no-such-option
expect_no_stdout
expect_stderr "--help"
