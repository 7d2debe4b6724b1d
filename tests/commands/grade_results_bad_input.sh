# Page, masks and DICOM results of studies in which something is missing, cut off or upside down, and of patients with
# names in any character set: valid, equal to the table, and silent about the patient.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
here=$LUMBARGRADE_SOURCE/tests/commands
study=$LUMBARGRADE_TEST_DATA/example_study/900107
python=$LUMBARGRADE_SOURCE/.venv/bin/python
"$python" -c 'import highdicom, nibabel' 2>/dev/null || skip "no Python references (highdicom, nibabel)"

grade_all() {  # STUDY OUT OPTION...
  expect_exit 0 lumbargrade grade "$1" -v -o "$2" --report "${@:3}"
  # What the source writes against the standard stays as it is.
  [[ $1 != undeclared ]] && command -v dciodvfy >/dev/null || return 0
  local file errors
  for file in "$2"/dicom/*.dcm; do
    errors=$(dciodvfy "$file" 2>&1 | grep -a '^Error')
    [[ -z $errors ]] || fail_test "$file: $errors"
  done
}

# A phantom without its axial series, without its T1.
expect_exit 0 lumbargrade phantom -o ph --studies 1 --seed 5 --sagittal-matrix 256 --axial-matrix 192
whole=$(echo ph/train_images/*)
series_of() { grep ",$1" ph/train_series_descriptions.csv | cut -d, -f2; }
for lost in "Axial T2" "Sagittal T1"; do
  name=without_${lost// /_}
  cp -r "$whole" "$name"
  for number in $(series_of "$lost"); do rm -r "${name:?}/$number"; done
  grade_all "$name" "$name.out" --masks --dicom sr,sc,seg
  "$python" "$here/check_results.py" "$name.out" "$name" || fail_test "$name: results and table differ"
  grep -qi "no $lost\|no ${lost%% *} ${lost##* }" "$name.out/report.html" || fail_test "the page does not tell: no $lost"
done

# The lower discs are not in view: rows, picture and masks only of what is there.
"$python" "$here/turn_study.py" "$study" cropped cropped
grade_all cropped cropped.out --masks --dicom sr,sc,seg
# An image that stands on its head while its header denies it.
"$python" "$here/turn_study.py" "$study" upside_down upside_down
code=0
lumbargrade grade upside_down -o upside_down.out --report --masks --dicom sr,sc,seg >.stdout 2>.stderr || code=$?
[[ $code == 0 || $code == 4 ]] || fail_test "upside down: exit code $code"
"$python" - cropped.out upside_down.out <<'PY' || fail_test "a study that is not as it should be"
import csv, json, pathlib, sys
import pydicom
for folder in map(pathlib.Path, sys.argv[1:]):
    if not folder.exists(): continue
    rows = list(csv.DictReader(open(folder / "grades.csv")))
    assert len(rows) == 25
    flags = set(" ".join(row["flags"] for row in rows).split())
    grave = {"level_not_found", "level_uncertain", "level_names_uncertain", "levels_ambiguous", "field_of_view_cut",
             "fewer_than_five_discs", "level_spacing_unusual"}
    assert flags & grave, (folder, "nothing is flagged", flags)
    data = json.load(open(folder / "grades.json"))
    found = {level["level"] for level in data["spine"]["levels"] if level["found"]}
    pictures = {path.stem for path in (folder / "dicom").glob("sc_l*")}
    assert pictures == {"sc_" + level.lower().replace("/", "_") for level in found}, (pictures, found)
    for row in rows:
        if row["level"] not in found: assert row["source"] == "prior" and not row["x_mm"], row
    groups = [item for item in pydicom.dcmread(folder / "dicom/sr.dcm").ContentSequence
              if item.ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurements"][0].ContentSequence
    assert len(groups) == 25
    templates = sorted(group.ContentTemplateSequence[0].TemplateIdentifier for group in groups)
    assert templates.count("1410") == sum(1 for row in rows if row["x_mm"])
    page = (folder / "report.html").read_text()
    assert page.count('class="finding"') == 25
PY

# Names in other scripts. The words after = are what a page must show.
check_name() {  # HOW SHOWN-NAME
  "$python" "$here/turn_study.py" "$study" "$1" "$1"
  grade_all "$1" "$1.out" --dicom sr,sc --show-patient
  grep -qF "$2" "$1.out/report.html" || fail_test "$1: the page does not show $2"
  "$python" - "$1" "$1.out" <<'PY' || fail_test "$1: the DICOM results do not carry the source's name"
import pathlib, sys
import pydicom
source = pydicom.dcmread(next(pathlib.Path(sys.argv[1]).glob("*.dcm")))
raw = source.get_item("PatientName").value
for path in pathlib.Path(sys.argv[2], "dicom").glob("*.dcm"):
    result = pydicom.dcmread(path)
    assert result.get_item("PatientName").value.strip() == raw.strip(), (path, result.get_item("PatientName").value, raw)
    assert result.get("SpecificCharacterSet") == source.get("SpecificCharacterSet"), path
PY
  local -a words=("${2%%,*}" "ID-$1" 19610523 1961-05-23)
  local word
  for word in "${words[@]}"; do
    if grep -rqF --exclude-dir=dicom --exclude=report.html "$word" "$1.out" .stdout .stderr; then
      fail_test "$1: $word stands in a log or a file beside the page"
    fi
  done
}
check_name japanese 'Yamada Tarou, 山田 太郎, やまだ たろう'
check_name cyrillic 'Люкceмбypг'
check_name arabic 'قباني لنزار'
check_name chinese 'Wang XiaoDong, 王 小东'
check_name undeclared 'ller J'
check_name markup '&lt;script&gt;alert'
expect_exit 0 lumbargrade grade japanese -o unasked --report
if grep -qE '山田|Yamada|ID-japanese|19610523|1961-05|23 May 1961' -r unasked .stderr; then fail_test "the page names the patient unasked"; fi
