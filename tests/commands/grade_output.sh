# `grade -o DIR` writes whole files, never over others' without --force, and says so when the disk is full.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107

expect_exit 0 lumbargrade grade "$example" -o out
expect_stdout "research use only"
expect_equal 26 "$(wc -l < out/grades.csv)" "lines of grades.csv"
expect_equal "grades.csv run.json" "$(ls -A out | tr '\n' ' ' | sed 's/ $//')" "files"
for key in notice bundle device times_ms manifest_sha256 start read levels write; do
  grep -q "\"$key\"" out/run.json || fail_test "run.json lacks $key"
done

cp out/grades.csv before
expect_exit 1 lumbargrade grade "$example" -o out
expect_stderr "--force"
cmp -s before out/grades.csv || fail_test "an existing result was changed"
expect_exit 0 lumbargrade grade "$example" -o out --force

touch file
expect_exit 1 lumbargrade grade "$example" -o file
expect_stderr "is a file"

"$LUMBARGRADE" grade "$example" > /dev/full 2> .stderr && fail_test "a full disk looked like success"
expect_stderr "cannot write"

if [[ $(id -u) == 0 ]] && mkdir full && mount -t tmpfs -o size=16k none full 2> /dev/null; then
  head -c 16384 /dev/zero > full/filler 2> /dev/null
  expect_exit 1 lumbargrade grade "$example" -o full
  expect_stderr "full/"
  leftover=$(ls -A full | grep -v filler)
  umount full
  expect_equal "" "$leftover" "files left on the full disk"
fi
