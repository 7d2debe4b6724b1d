# Limits on files and memory, warnings of a megabyte, archives: each costs one study at most and is told as what it was.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv with pydicom (scripts/test makes it)"
example=$LUMBARGRADE_TEST_DATA/example_study/900107

# 5,000 files that are cut off, each with a warning that names it; a zip of two studies; two studies that are one.
expect_exit 0 "$python" - "$example/9001072" << 'EOF'
import os, shutil, sys
import pydicom
slices = [pydicom.dcmread(f"{sys.argv[1]}/{number}.dcm") for number in range(5, 11)]
def write(folder, uid, images, **values):
    os.makedirs(folder, exist_ok=True)
    for number, image in enumerate(images):
        image.StudyInstanceUID, image.SeriesInstanceUID = uid, uid + ".1"
        for name, value in values.items():
            setattr(image, name, value)
        image.save_as(f"{folder}/{number}.dcm")
write("data/loud", "1.2.1", slices)
head = open("data/loud/0.dcm", "rb").read(2000)
for number in range(5000):
    with open(f"data/loud/{'x' * 180}{number}.dcm", "wb") as file:
        file.write(head)
write("zip/a", "1.2.2", slices)
write("zip/b", "1.2.3", slices)
shutil.make_archive("data/two", "zip", "zip")
write("split/s/t2", "1.2.4", slices[:3], PatientID="P", StudyDate="20240101")
write("split/s/t2_2", "1.2.5", slices[3:], PatientID="P", StudyDate="20240101")
EOF
expect_exit 0 lumbargrade batch data -o out --jobs 2
expect_equal "loud two/1.2.2 two/1.2.3" "$(sed 1d out/grades.csv | cut -d, -f1 | uniq | tr '\n' ' ' | sed 's/ $//')" "ids"
(($(wc -c < .stderr) < 20000)) || fail_test "the warnings flood the terminal: $(wc -c < .stderr) bytes"
expect_stderr "more, see studies.csv"
(($(wc -c < out/studies.csv) < 600000)) || fail_test "studies.csv has $(wc -c < out/studies.csv) bytes"
grep -q '^loud,1.2.1,graded,.* more warnings' out/studies.csv || fail_test "studies.csv does not say that warnings are left out"

expect_exit 0 lumbargrade batch split -o joined --join-studies
expect_equal "s" "$(sed 1d joined/grades.csv | cut -d, -f1 | uniq)" "ids of joined studies"

# A result file may have no more than 2 KiB.
mkdir small && ln -s "$example" small/1
(ulimit -f 2; exec "$LUMBARGRADE" batch small -o limited) > .stdout 2> .stderr && fail_test "a result of 2 KiB"
grep -q 'warning: 1: write: cannot write .*/1.csv: File too large' .stderr || fail_test "not told"
expect_exit 0 lumbargrade batch small -o limited
expect_equal 26 "$(wc -l < limited/grades.csv)" "lines of grades.csv without the limit"
