# `--prior` tells what changed since an earlier study, from its results or from its images.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
study=$LUMBARGRADE_TEST_DATA/example_study/900107
python=$LUMBARGRADE_SOURCE/.venv/bin/python

expect_exit 2 lumbargrade grade "$study" --prior nowhere --format json
expect_stderr "nowhere"
expect_exit 2 lumbargrade grade "$study" --prior "$study"
expect_stderr "--report"
mkdir broken && echo '{"grades": []}' >broken/grades.json
expect_exit 2 lumbargrade grade "$study" --prior broken --format json
expect_stderr "broken/grades.json"
expect_exit 2 lumbargrade grade "$study" --prior broken --report -o half
expect_no_file half/grades.csv
expect_exit 1 lumbargrade grade "$study" -o broken/grades.json/results
expect_stderr "broken/grades.json is a file"
expect_no_stdout
mkdir old && touch old/grades.csv
expect_exit 2 lumbargrade grade "$study" --prior old --format json
expect_stderr "--report"

expect_exit 0 lumbargrade grade "$study" -o then --report
[[ -x $python ]] || skip "no Python references"
# Another patient's study is compared, and told.
expect_exit 0 lumbargrade grade "$study" --prior "$study" --format json
grep -q "another patient" .stderr && fail_test "the same patient is told to be another"
cp -r "$study" other
"$python" - <<'PY'
import pathlib, pydicom
for path in pathlib.Path("other").rglob("*.dcm"):
    image = pydicom.dcmread(path)
    image.PatientID = "SOMEBODY"
    image.save_as(path)
PY
expect_exit 0 lumbargrade grade "$study" --prior other --format json
expect_stderr "another patient"

# An earlier study in which the canal at L4/L5 was wider and a recess worse, as its results would tell.
"$python" - <<'PY'
import json
data = json.load(open("then/grades.json"))
for grade in data["grades"]:
    for key, probability in grade["probabilities"].items():
        mixture = sum(part["share"] * part["probabilities"][key] for part in grade["contributions"])
        assert abs(mixture - probability) < 2e-3, "the contributions explain the grade"
    assert (grade["source"] == "prior") == ([p["source"] for p in grade["contributions"]] == ["prior"])
for grade in data["grades"]:
    if grade["finding"] == "spinal_canal_stenosis_l4_l5":
        grade["measures"][0]["value"] += 2.5
    if grade["finding"] == "left_subarticular_stenosis_l4_l5":
        assert grade["grade"] == "normal_mild" and grade["source"] != "prior"
        grade["grade"] = "severe"
json.dump(data, open("then/grades.json", "w"))
PY
expect_exit 0 lumbargrade grade "$study" -o now --report --prior then
expect_exit 0 lumbargrade grade "$study" --format json --prior "$study"
cp .stdout same.json
"$python" - <<'PY' || fail_test "changes since the earlier study"
import json
changes = {c["finding"]: c for c in json.load(open("now/grades.json"))["prior"]["changes"]}
assert len(changes) == 25
canal = changes["spinal_canal_stenosis_l4_l5"]["measures"][0]
assert abs(canal["difference"] + 2.5) < 2e-3 and abs(canal["before"] - canal["now"] - 2.5) < 2e-3
recess = changes["left_subarticular_stenosis_l4_l5"]
assert recess["comparable"] and recess["steps_worse"] == -2
assert changes["left_neural_foraminal_narrowing_l1_l2"]["steps_worse"] is None, "a prior is no finding"
same = json.load(open("same.json"))["prior"]["changes"]
assert all(m["difference"] == 0 for c in same for m in c["measures"])
assert all(c["steps_worse"] in (0, None) for c in same)
page = open("now/report.html").read()
assert "the measure alone" in page and "how often the challenge" in page
assert "Change since an earlier study" in page and ">better<" in page and "(-2.5 mm)" in page
PY
