# Data sets as they are found on disks: whatever is wrong with one study costs that study, and the tables stay valid.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
study() { mkdir -p "$(dirname "$1")" && ln -s "$example" "$1"; }

# Names, two folders of one name, a loop of links, an unreadable folder, an output inside the input.
study data/plain
study 'data/with space'
study 'data/quote"and,comma'
study $'data/line\nbreak'
study data/Müller
study $'data/M\xfcller'
study data/site1/7
study data/site2/7
ln -s .. data/site1/loop
mkdir -p data/locked/1
cp "$example"/*/1.dcm data/locked/1
chmod 000 data/locked
run=(lumbargrade)
[[ $EUID != 0 ]] || run=(setpriv --bounding-set=-dac_override,-dac_read_search "$LUMBARGRADE")
expect_exit 3 "${run[@]}" batch data -o data/out --jobs 2
expect_exit 0 python3 - << 'EOF'
import csv
with open("data/out/grades.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
ids = {row["study_id"] for row in rows}
assert ids == {"plain", "with space", 'quote"and,comma', "line%0Abreak", "Müller", "M%FCller",
               "site1/7", "site2/7"}, ids
assert len(rows) == 25 * len(ids)
with open("data/out/failures.csv", newline="", encoding="utf-8") as file:
    failures = [(row["study_id"], row["stage"], row["reason"].split(":")[0], row["file"]) for row in csv.DictReader(file)]
assert failures == [
    ("locked", "discover", "cannot read the folder", "data/locked"),
], failures
EOF
cp data/out/grades.csv first.csv
expect_exit 3 "${run[@]}" batch data -o data/out --jobs 2
expect_stderr "8 studies are finished already"
cmp first.csv data/out/grades.csv || fail_test "a second run over its own output changes the table"
chmod 700 data/locked

# A list that names what is not there.
printf 'plain\nmissing\n' > data/list.txt
expect_exit 3 lumbargrade batch data/list.txt -o listed
grep -q '^missing,discover,the list names what is not there' listed/failures.csv || fail_test "missing is not told"
expect_equal 26 "$(wc -l < listed/grades.csv)" "lines of grades.csv"

# A folder that vanishes while the run is at work, and a second process on the same output meanwhile.
mkdir many
for name in 1 2 3 4 5 6 zz; do study many/$name; done
"$LUMBARGRADE" batch many -o vanished --jobs 1 2> log &
batch=$!
for ((i = 0; i < 300; ++i)); do [[ -e vanished/shards/1-of-1/studies/1.csv ]] && break; sleep 0.1; done
rm many/zz
expect_exit 1 lumbargrade batch many -o vanished
expect_stderr "is in use by process $batch on "
status=0
wait "$batch" || status=$?
expect_equal 3 "$status" "exit code of the run whose study vanished"
grep -q '^zz,read,' vanished/failures.csv || fail_test "failures.csv does not name the vanished study"
expect_equal $((1 + 6 * 25)) "$(wc -l < vanished/grades.csv)" "lines of grades.csv"

# Shards by the environment; another number of them in the same output.
unset SLURM_ARRAY_TASK_ID JOB_COMPLETION_INDEX
SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3 expect_exit 0 lumbargrade batch many -o sharded
expect_stderr "shard 2/3: "
expect_exit 1 lumbargrade batch many -o sharded --shard 1/4
expect_stderr "another number of shards"
JOB_COMPLETION_INDEX=0 JOB_COMPLETIONS=3 expect_exit 0 lumbargrade batch many -o sharded
expect_stderr "shard 1/3: "
