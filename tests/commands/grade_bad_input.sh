# `grade` answers input that it cannot grade with a sentence and exit code 4, and writes no rows.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107

expect_exit 2 lumbargrade grade missing
expect_stderr "does not exist"
expect_no_stdout

echo text > file
expect_exit 4 lumbargrade grade file
expect_stderr "no readable DICOM file in file"

mkdir empty
expect_exit 4 lumbargrade grade empty
expect_no_stdout

mkdir texts
echo text > texts/notes.txt
expect_exit 4 lumbargrade grade texts
expect_stderr "texts"
expect_no_stdout

# Every file truncated in its pixels: nothing is left to grade.
mkdir -p truncated/1
for file in "$example"/*/*.dcm; do head -c 5000 "$file" > "truncated/1/$(basename "$file")"; done
expect_exit 4 lumbargrade grade truncated
expect_no_stdout
