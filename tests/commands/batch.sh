# `batch` grades what it finds, resumes where it stopped, and never mixes, loses or doubles a result.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
mkdir data
for study in 10 20 "3, \"b\""; do ln -s "$example" "data/$study"; done
mkdir -p data/broken/1
echo "no DICOM" > data/broken/1/1.dcm

expect_exit 3 lumbargrade batch data -o out --jobs 2 --deterministic
expect_equal 76 "$(wc -l < out/grades.csv)" "lines of grades.csv"
expect_equal 2 "$(wc -l < out/failures.csv)" "lines of failures.csv"
expect_equal 5 "$(wc -l < out/studies.csv)" "lines of studies.csv"
grep -q '^10,[0-9.]*,graded,sagittal_t2,' out/studies.csv || fail_test "studies.csv does not tell what study 10 was graded from"
grep -q '^broken,,failed,' out/studies.csv || fail_test "studies.csv lacks the broken study"
grep -q '^broken,read,' out/failures.csv || fail_test "failures.csv does not name the broken study"
cp out/grades.csv undisturbed.csv

# Again: nothing is graded twice. A result that is gone, or was damaged, is made up for.
rm out/shards/1-of-1/studies/20.csv out/grades.csv
expect_exit 3 lumbargrade batch data -o out --jobs 1 --deterministic
expect_stderr "2 studies are finished already"
cmp undisturbed.csv out/grades.csv || fail_test "the resumed run gives other bytes"

# The record tells options, bundle and counts, and of the earlier runs.
expect_exit 0 python3 - << 'EOF'
import json
record = json.load(open("out/run.json"))
assert record["bundle"]["name"] and record["device"] == "cpu" and record["options"]["jobs"] == 1, record
assert record["options"]["deterministic"] and record["options"]["shard"] == "1/1", record["options"]
assert record["outputs"] == ["grades.csv", "studies.csv", "failures.csv", "run.json"] and "batch" in record["command_line"]
assert record["counts"] == {"data_set": 4, "shard": 4, "graded": 1, "finished_before": 2, "failed": 1, "not_begun": 0}, record
assert record["resources"]["cpu_s"] > 0.1 and 50 < record["resources"]["peak_worker_mib"] < 2048, record["resources"]
first, = record["earlier_runs"]
assert first["counts"]["graded"] == 3 and first["times_ms"]["read"] > 0, first
EOF

# Other options are not mixed in.
expect_exit 1 lumbargrade batch data -o out --deterministic --lowest-disc L4/L5
expect_stderr "--redo"

# Shards give the same bytes, and merge wants all of them.
expect_exit 1 lumbargrade batch data -o out --deterministic --shard 1/2
expect_stderr "another number of shards"
for shard in 1 2; do
  "$LUMBARGRADE" batch data -o sharded --deterministic --shard $shard/2 2> .stderr
  expect_stderr "shard $shard/2: "
  [[ $shard == 2 ]] || expect_exit 1 lumbargrade merge sharded
done
expect_exit 3 lumbargrade merge sharded
cmp undisturbed.csv sharded/grades.csv || fail_test "shards give other bytes"
rm -r sharded/shards/2-of-2
expect_exit 1 lumbargrade merge sharded --force
expect_stderr "shard 2/2 is missing"

# A failure that stops the run is named as the reason; a bar leaves its line to what follows and fits 80 columns.
mkdir stopping
ln -s "$example" stopping/1
ln -s ../data/broken stopping/2
ln -s "$example" stopping/3
expect_exit 1 lumbargrade batch stopping -o stopped --jobs 1 --fail-fast --progress bar
expect_stderr "1 graded, 0 finished before, 1 failed, 1 not begun"
expect_stderr "stopped early: a study failed (--fail-fast)"
expect_no_file stopped/grades.csv
grep -a '1 graded, 0 finished before' .stderr | grep -qa '#' && fail_test "the bar shares its line with a message"
longest=$(tr '\r' '\n' < .stderr | grep -a '^.\[K\[' | sed 's/^.\[K//' | wc -L)
((longest > 20 && longest < 80)) || fail_test "a bar of $longest columns"

mkdir other && touch other/thesis.tex
expect_exit 1 lumbargrade batch data -o other
expect_stderr "holds other files"
expect_exit 2 lumbargrade batch nothing -o none
mkdir empty
expect_exit 4 lumbargrade batch empty -o none
expect_stderr "no study found"
expect_exit 2 lumbargrade batch data -o none --study 10
expect_exit 2 lumbargrade batch data -o none --deterministic --threads 4
