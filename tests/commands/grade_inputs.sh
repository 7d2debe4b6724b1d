# `grade` takes a study as a folder, a zip, a tar or a DICOMDIR, and grades it alike; one file of it is graded too.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"
cp -r "$LUMBARGRADE_TEST_DATA/example_study/900107" study
"$python" -m zipfile -c study.zip study/
tar -cf study.tar study
tar -czf study.tar.gz study
touch study/DICOMDIR  # only its place matters: the files beside it are read

expect_exit 0 lumbargrade grade study
cp .stdout expected.csv
for path in study.zip study.tar study.tar.gz study/DICOMDIR; do
  expect_exit 0 lumbargrade grade "$path"
  cmp -s expected.csv .stdout || fail_test "$path is graded otherwise than its folder"
done
(cd study && expect_exit 0 lumbargrade grade DICOMDIR) || exit 1
cmp -s expected.csv .stdout || fail_test "DICOMDIR is graded otherwise when named from its own folder"

expect_exit 0 lumbargrade grade study/9001072/7.dcm
expect_equal 26 "$(wc -l < .stdout)" "lines for one file"
