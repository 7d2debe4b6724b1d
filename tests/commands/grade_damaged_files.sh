# One bad file among good ones is told and left out; the study is graded all the same.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
cp -r "$LUMBARGRADE_TEST_DATA/example_study/900107" study
chmod -R u+w study
series=$(echo study/*)
head -c 6000 "$series/1.dcm" > truncated && mv truncated "$series/1.dcm"
echo "no DICOM at all" > "$series/notes.dcm"

expect_exit 0 lumbargrade grade study
expect_equal 26 "$(wc -l < .stdout)" "lines of grades.csv"
expect_stderr "1.dcm"
