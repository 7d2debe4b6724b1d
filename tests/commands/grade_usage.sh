# A wrong command line is answered with exit code 2 and the nearest name.
. "$(dirname "$0")/lib.sh"

mkdir study data
expect_exit 2 lumbargrade grade study --treads 2
expect_stderr "did you mean --threads?"
expect_no_stdout
expect_exit 2 lumbargrade grad study
expect_stderr "did you mean grade?"
expect_exit 2 lumbargrade grade
expect_exit 2 lumbargrade grade study --device tpu
expect_stderr "cuda"
expect_exit 2 lumbargrade grade study --lowest-disc L3/L4
expect_stderr "L5/S1"
expect_exit 2 lumbargrade batch data -o out --shard 5/4
expect_stderr "shard 5 of 4"
expect_exit 0 lumbargrade grade --help
expect_stdout "Examples:"
