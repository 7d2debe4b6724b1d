# Masks, points and DICOM results lie where the table says, whatever way the stack was scanned, and carry its values:
# read back by pydicom, highdicom and nibabel, checked by dciodvfy.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
here=$LUMBARGRADE_SOURCE/tests/commands
study=$LUMBARGRADE_TEST_DATA/example_study/900107
python=$LUMBARGRADE_SOURCE/.venv/bin/python

expect_exit 2 lumbargrade grade "$study" --masks
expect_stderr "-o"
expect_exit 2 lumbargrade grade "$study" -o out --dicom pdf
expect_exit 0 lumbargrade grade "$study" -o plain --report --masks --dicom sr,sc,seg
for file in masks.nii.gz masks.json points.mrk.json dicom/{sr,seg,sc_overview,sc_l1_l2,sc_l5_s1}.dcm; do
  expect_file "plain/$file"
done
# What is there is not overwritten, be it but the picture of a level; with --force nothing old stays among the new.
mkdir lonely && mkdir lonely/dicom && cp plain/dicom/sc_l1_l2.dcm lonely/dicom
expect_exit 1 lumbargrade grade "$study" -o lonely --dicom sc
expect_stderr "sc_l1_l2.dcm"
rm -r plain/grades.csv plain/run.json plain/report.html plain/overview.png plain/grades.json plain/masks* plain/points*
expect_exit 1 lumbargrade grade "$study" -o plain --dicom seg
expect_stderr "--force"

validate() {  # FOLDER
  command -v dciodvfy >/dev/null || { echo "no dciodvfy (package dicom3tools): the standard's rules were not checked"; return; }
  local file errors
  for file in "$1"/dicom/*.dcm; do
    errors=$(dciodvfy "$file" 2>&1 | grep -a '^Error')
    [[ -z $errors ]] || fail_test "$file: $errors"
  done
}
validate plain

"$python" -c 'import highdicom, nibabel' 2>/dev/null || skip "no Python references (highdicom, nibabel)"
expect_exit 0 lumbargrade phantom -o ph --studies 1 --seed 5 --sagittal-matrix 256 --axial-matrix 192
check() {  # NAME STUDY
  expect_exit 0 lumbargrade grade "$2" -v -o "$1.out" --report --masks --dicom sr,sc,seg
  "$python" "$here/check_results.py" "$1.out" "$2" || fail_test "$1: results and table differ"
  validate "$1.out"
}
check straight "$study"
check phantom ph/train_images/*
"$python" "$here/turn_study.py" "$study" oblique oblique
check oblique oblique
"$python" "$here/turn_study.py" "$study" renamed feet_first,right_to_left,renamed
check renamed renamed
# No file but those of DICOM and no message carries a patient attribute.
if grep -rqE --exclude-dir=dicom 'Zaż|PESEL|1961|ACC4711' renamed.out .stdout .stderr; then
  fail_test "a patient attribute is shown unasked"
fi

# The same study, options, bundle and program give the same bytes, wherever the study lies; another option other ones.
cp -r "$study" 900107
expect_exit 0 lumbargrade grade 900107 -o again --report --masks --dicom sr,sc,seg
for file in straight.out/dicom/*; do
  cmp "$file" "again/dicom/$(basename "$file")" || fail_test "the same run again gave another $(basename "$file")"
done
expect_exit 0 lumbargrade grade "$study" -o other --dicom sr --lowest-disc L5/S1
cmp straight.out/masks.nii.gz again/masks.nii.gz || fail_test "the same study gave another mask"
"$python" - <<'PY' || fail_test "UIDs, patient or wording"
import pathlib
import pydicom
def read(path): return pydicom.dcmread(path, stop_before_pixels=True)
for path in pathlib.Path("straight.out/dicom").iterdir():
    one, two = read(path), read(pathlib.Path("again/dicom") / path.name)
    assert one.SOPInstanceUID == two.SOPInstanceUID and one.SeriesInstanceUID == two.SeriesInstanceUID, path
    assert "AI" in one.SeriesDescription and "research use only" in one.SeriesDescription
assert read("straight.out/dicom/sr.dcm").SOPInstanceUID != read("other/dicom/sr.dcm").SOPInstanceUID
uids = [read(p).SOPInstanceUID for p in pathlib.Path("straight.out/dicom").iterdir()]
assert len(set(uids)) == len(uids) == 8
source = read(next(pathlib.Path("renamed").glob("*.dcm")))
for path in pathlib.Path("renamed.out/dicom").iterdir():
    result = read(path)
    for name in ("PatientName", "PatientID", "PatientBirthDate", "StudyDate", "AccessionNumber", "StudyInstanceUID"):
        assert result[name].value == source[name].value, (path, name)
    assert "OtherPatientIDs" not in result and "InstitutionName" not in result
PY

# The page names the patient when asked.
expect_exit 0 lumbargrade grade renamed -o shown --report --show-patient
grep -q 'Zażółć Gęślą, 山田 太郎' shown/report.html || fail_test "--show-patient does not show the patient"
grep -q '1961-05-23' shown/report.html || fail_test "--show-patient does not show the date of birth"
