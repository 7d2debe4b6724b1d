# `lumbargrade score`: the official metric, its tables, and submissions that must be refused.
. "$(dirname "$0")/lib.sh"
data=$LUMBARGRADE_TEST_DATA/metric

expect_exit 0 lumbargrade score --truth "$data/small_train.csv" --submission "$data/small_model.csv"
expect_stdout "SCORE"
expect_stdout "0.375932"

# Both kinds of truth give the same.
cp .stdout with_train
expect_exit 0 lumbargrade score --truth "$data/small_solution.csv" --submission "$data/small_model.csv"
cmp -s .stdout with_train || fail_test "train.csv and the solution differ"

expect_exit 0 lumbargrade score --truth "$data/small_train.csv" --submission "$data/small_model.csv" --json --bootstrap 100
python3 - .stdout <<'EOF' || fail_test "the JSON lacks a figure"
import json, sys
report = json.load(open(sys.argv[1]))
assert abs(report["metric"]["score"]["loss"] - 0.3759320493) < 1e-6
assert abs(report["conditions"]["neural_foraminal_narrowing"]["auc_severe"] - 0.9843478260869566) < 1e-9
assert len(report["metric"]["score"]["interval_95"]) == 2
EOF

# Paired comparison.
expect_exit 0 lumbargrade score --truth "$data/small_train.csv" --submission "$data/small_model.csv" \
  --against "$data/small_prior.csv" --bootstrap 200
expect_stdout "is better in 100.0 % of resamples"

# The picture, never over an existing file.
picture=(lumbargrade score --truth "$data/small_train.csv" --submission "$data/small_model.csv"
         --bootstrap 0 --calibration-picture calibration.png)
expect_exit 0 "${picture[@]}"
expect_file calibration.png
expect_exit 1 "${picture[@]}"
expect_stderr "--force"
expect_no_stdout
expect_exit 0 "${picture[@]}" --force

# Refused with file, line and reason; nothing on stdout.
sed '3s/,[^,]*$/,high/' "$data/small_model.csv" >text.csv
expect_exit 2 lumbargrade score --truth "$data/small_train.csv" --submission text.csv
expect_stderr 'text.csv line 3: "high" in column severe is not a number'
expect_no_stdout
sed '5d' "$data/small_model.csv" >missing.csv
expect_exit 2 lumbargrade score --truth "$data/small_train.csv" --submission missing.csv
expect_stderr "is missing"
expect_exit 2 lumbargrade score --truth "$data/small_train.csv" --submission nowhere.csv
expect_stderr "nowhere.csv does not exist"
expect_exit 2 lumbargrade score --truth "$data/small_train.csv"
expect_stderr "--submission"
expect_exit 2 lumbargrade score --truth "$data/small_train.csv" --submision x.csv
expect_stderr "did you mean --submission"
