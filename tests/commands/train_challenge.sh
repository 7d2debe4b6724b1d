# `train challenge` as a user types it: a plan, a bundle that is checked, the same bundle after SIGKILL and from single
# jobs that ran at once; and what it says of held-out studies is what `grade` says of them.
. "$(dirname "$0")/training_lib.sh"
cat > tiny.json <<JSON
{"name": "tiny", "origin": "a test", "needs": "seconds",
 "networks": [
  {"condition": "neural_foraminal_narrowing",
   "views": [{"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 32, "pixel_mm": 1.2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4, 8], "blocks": [1, 1]}, "pooling": "attention",
                  "hidden": 16}},
  {"condition": "neural_foraminal_narrowing",
   "views": [{"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 24, "pixel_mm": 1.5}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4], "blocks": [1]}, "pooling": "mean"}}],
 "points": {"given": 0.3, "predicted": 0.3, "jittered": 0.4},
 "optimisation": {"epochs": 30, "studies_per_batch": 1, "accumulate": 2, "rate": 0.01}, "folds": 2, "run_folds": [1],
 "looks": [{}, {"degrees": 10}, {"row_mm": 3}]}
JSON
expect_exit 0 lumbargrade phantom --studies 6 --seed 8 --prevalence even --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 -o data
# Without the measure of foramina, so that the networks count.
cp -r "$LUMBARGRADE_SOURCE/models/default" base
expect_exit 0 python3 -c 'import json
manifest = json.load(open("base/manifest.json"))
del manifest["grading"]["foramen_measure"]
json.dump(manifest, open("base/manifest.json", "w"))'
challenge() {
  ${EXEC:-} "$LUMBARGRADE" train challenge --data data --base base --recipe tiny.json --threads 1 --point-iterations 1 --deterministic --seed "${SEED:-4}" \
    --checkpoint-every 10 "$@"
}
# A study that nobody can read: its findings are graded by the prior, in training as by `grade`.
lost=$(ls data/train_images | tail -n 1)
for file in data/train_images/"$lost"/*/*.dcm; do echo "no DICOM" > "$file"; done

expect_exit 0 challenge --out whole --plan
for part in "crops    6 studies" "0:1      foraminal, fold 1" "1:1      foraminal, fold 1" "in all"; do expect_stdout "$part"; done
expect_no_file whole/crops
expect_exit 0 challenge --out whole --list-jobs
expect_equal "0:1 1:1" "$(xargs < .stdout)" "jobs"

expect_exit 0 challenge --out whole
expect_stderr "so far: 2 of 2 jobs; held-out loss foraminal"
expect_stderr "the bundle holds what it says"
expect_exit 0 python3 -c 'import json; head, = [h for h in json.load(open("whole/manifest.json"))["grading"]["heads"] if "foraminal" in h["condition"]]
assert head["model_weight"] > 0.05, head  # else nothing below tells about the networks'
expect_exit 0 lumbargrade model verify whole
expect_file whole/MODEL_CARD.md
grep -q "^$lost,," whole/crops/skipped.csv || fail_test "the study that cannot be read is not told"
expect_exit 0 challenge --out whole
expect_stderr "crops of whole/crops are used again"
SEED=5 expect_exit 2 challenge --out whole
expect_stderr "was begun with another seed"

# One fold ran: its members are the bundle's, so `grade` must say of the held-out studies what out_of_fold.csv says.
mkdir -p held/test_images
for study in $(awk -F, '$2 == 1 {print $1}' whole/training/folds.csv); do
  cp -r "data/train_images/$study" held/test_images/
done
grep -q "^$lost,1" whole/training/folds.csv || cp -r "data/train_images/$lost" held/test_images/
cp data/train_series_descriptions.csv held/test_series_descriptions.csv
expect_exit 3 lumbargrade submission --data held -o submission.csv --bundle whole --jobs 1 --precision float32
expect_exit 0 python3 - <<'PY'
import csv
rows = {name: {row["row_id"]: [float(row[key]) for key in ("normal_mild", "moderate", "severe")] for row in csv.DictReader(open(name))}
        for name in ("whole/training/out_of_fold.csv", "submission.csv")}
own, graded = rows.values()
labels = {row["study_id"]: row for row in csv.DictReader(open("whole/training/out_of_fold_labels.csv"))}
compared, largest, priors = 0, 0, 0
for row_id, submitted in own.items():
    study, finding = row_id.split("_", 1)
    if "foraminal" not in finding or not labels[study][finding]:
        continue
    compared += 1
    largest = max(largest, max(abs(a - b) for a, b in zip(submitted, graded[row_id])))
print(compared, largest, len({tuple(values) for values in own.values()}))
assert compared >= 20, compared
assert largest < 1e-4, largest
PY
# Every label of the held-out studies is in the table, lost or not.
expect_exit 0 python3 - "$lost" <<'PY'
import csv, sys
truth = {row["study_id"]: row for row in csv.DictReader(open("data/train.csv"))}
labels = {row["study_id"]: row for row in csv.DictReader(open("whole/training/out_of_fold_labels.csv"))}
folds = {row["study_id"]: row["fold"] for row in csv.DictReader(open("whole/training/folds.csv"))}
assert set(labels) == {study for study, fold in folds.items() if fold == "1"}
for study, row in labels.items():
    for finding, grade in row.items():
        if "foraminal" in finding:
            assert grade == truth[study][finding], (study, finding)
PY

# Two jobs at once on a cache that is not there yet, then the call that puts them together.
challenge --out parts --only 0:1 2> first.log &
first=$!
challenge --out parts --only 1:1 2> second.log &
second=$!
wait $first || fail_test "job 0:1: $(cat first.log)"
wait $second || fail_test "job 1:1: $(cat second.log)"
expect_equal 1 "$(cat first.log second.log | grep -c 'are used again')" "jobs that used the other one's crops"
expect_no_file parts/manifest.json
expect_exit 0 challenge --out parts
for file in foraminal_0_0.safetensors foraminal_1_0.safetensors manifest.json training/out_of_fold.csv; do
  cmp whole/$file parts/$file || fail_test "$file differs where the jobs ran one by one"
done
expect_exit 2 challenge --out parts --only 0:0
expect_stderr "the recipe tiny has no job 0:0; its jobs are 0:1 to 1:1"
expect_exit 2 challenge --out parts --only canal
expect_stderr "--only canal is no job"

# Killed while it trains, and while it cuts: the same command resumes to the same bundle.
(EXEC=exec; challenge --out killed) > .stdout 2> .stderr &
run=$!
for ((i = 0; i < 2400; ++i)); do
  [[ -e killed/checkpoint/1-foraminal-fold1/checkpoint.safetensors || -e killed/manifest.json ]] && break
  sleep 0.05
done
kill -KILL $run 2> /dev/null && wait $run 2> /dev/null
expect_exit 0 challenge --out killed
for file in foraminal_0_0.safetensors foraminal_1_0.safetensors manifest.json training/out_of_fold.csv; do
  cmp whole/$file killed/$file || fail_test "$file differs after being killed"
done
mkdir other
echo "mine" > other/notes
expect_exit 2 challenge --out other
expect_stderr "other holds notes and no run of"
