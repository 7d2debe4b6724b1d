# A study that needs more memory or time than a worker may have costs that study alone.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
mkdir -p data
for study in 1 2; do ln -s "$example" "data/$study"; done
# A study of 12,000 x 12,000 pixels a slice in files that are honest about it: each slice becomes 576 MB of floats.
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv with pydicom (scripts/test makes it)"
expect_exit 0 "$python" - "$example" << 'EOF'
import glob, os, sys
import pydicom
os.makedirs("data/huge/1")
for file in sorted(glob.glob(sys.argv[1] + "/*/*.dcm"))[:6]:
    dataset = pydicom.dcmread(file)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.Rows = dataset.Columns = 12000
    dataset.PixelSpacing = [0.02, 0.02]
    dataset.PixelData = bytes(12000 * 12000 * 2)
    dataset.save_as("data/huge/1/" + os.path.basename(file))
EOF
expect_exit 3 lumbargrade batch data -o out --jobs 1 --memory-limit 1500
expect_equal 51 "$(wc -l < out/grades.csv)" "lines of grades.csv"
expect_equal 2 "$(wc -l < out/failures.csv)" "lines of failures.csv"
grep -q '^huge,.*--memory-limit 1500 MiB' out/failures.csv || fail_test "failures.csv does not tell of the memory: $(cat out/failures.csv)"

# The system's own limit on memory costs the study that runs into it, and is told as what it is.
if ! has_sanitizer; then
  (ulimit -v 1400000; exec "$LUMBARGRADE" batch data -o walled --jobs 1) > .stdout 2> .stderr && fail_test "a study beyond ulimit -v"
  expect_equal 51 "$(wc -l < walled/grades.csv)" "lines of grades.csv under ulimit -v"
  grep -q '^huge,.*ulimit -v 1400000' walled/failures.csv || fail_test "failures.csv does not tell of ulimit: $(cat walled/failures.csv)"
fi

# In no time at all, no study can be graded.
expect_exit 4 lumbargrade batch data -o late --jobs 2 --timeout-per-study 0.01
grep -q '^1,process,it took longer than --timeout-per-study' late/failures.csv || fail_test "failures.csv does not tell of the time"
