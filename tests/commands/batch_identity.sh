# Data sets as PACS, CDs and servers export them: `batch`, `inspect --csv` and `submission` find one study for each
# StudyInstanceUID, with readable ids; archives are graded; what a truncated file loses is told.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"
expect_exit 0 "$python" - "$LUMBARGRADE_TEST_DATA/example_study/900107/9001072" << 'EOF'
import os, shutil, sys
import pydicom
slices = [pydicom.dcmread(f"{sys.argv[1]}/{number}.dcm") for number in (6, 7, 8)]
def write(folder, uid, prefix="IM", series="1"):
    os.makedirs(folder, exist_ok=True)
    for number, image in enumerate(slices):
        image.StudyInstanceUID, image.SeriesInstanceUID = uid, f"{uid}.{series}"
        image.save_as(f"{folder}/{prefix}{number}")
write("data/PatA/MRT LWS/SE1", "1.2.1")
write("data/PatB/MRT LWS/SE1", "1.2.2")
write("data/flat", "1.2.3", "A")
write("data/flat", "1.2.4", "B")
write("tmp/1", "1.2.5")
with open("data/PatA/MRT LWS/SE1/IM9", "wb") as file:
    file.write(open("data/PatA/MRT LWS/SE1/IM0", "rb").read()[:-9000])
shutil.make_archive("data/archive", "zip", "tmp")
EOF
ln -s /nonexistent/study data/gone
mkdir data/PatC && echo "viewer" > data/PatC/AUTORUN

ids="PatA/MRT LWS PatB/MRT LWS archive flat/1.2.3 flat/1.2.4"
expect_exit 3 lumbargrade batch data -o out --jobs 2
expect_equal "$ids" "$(sed 1d out/grades.csv | cut -d, -f1 | uniq | tr '\n' ' ' | sed 's/ $//')" "ids of grades.csv"
grep -q '^gone,discover,the link leads nowhere' out/failures.csv || fail_test "the broken link is not listed: $(cat out/failures.csv)"
grep -q '^PatC,read,no readable DICOM' out/failures.csv || fail_test "PatC is not told: $(cat out/failures.csv)"
expect_stderr "PatA/MRT LWS: "
grep -q '^PatA/MRT LWS,1.2.1,graded,.*IM9' out/studies.csv || fail_test "studies.csv does not tell of the truncated slice"

expect_exit 3 lumbargrade inspect data --csv --jobs 2
expect_equal "$ids PatC" "$(sed 1d .stdout | grep -v '^gone' | cut -d, -f1 | LC_ALL=C sort | tr '\n' ' ' |
  sed 's/PatC \(.*\) $/\1 PatC/')" "ids of inspect --csv"

expect_exit 0 lumbargrade submission --images data/flat -o flat.csv
expect_equal 51 "$(wc -l < flat.csv)" "lines of the submission"
expect_exit 0 lumbargrade submission --graded flat.csv.work -o again.csv
cmp flat.csv again.csv || fail_test "submission --graded gives other rows"
expect_exit 2 lumbargrade submission -o none.csv
expect_stderr "--graded"
