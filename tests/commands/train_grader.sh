# `train grader` makes a bundle that grades, with a second stage and pseudo-labels, and resumes after SIGKILL to the same
# weights.
. "$(dirname "$0")/training_lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
cat > tiny.json <<JSON
{"name": "tiny", "origin": "a test", "needs": "seconds",
 "networks": [{"condition": "neural_foraminal_narrowing",
   "views": [{"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 32, "pixel_mm": 1.2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4, 8], "blocks": [1, 1]}, "pooling": "attention",
                  "hidden": 16, "dropout": 0.2}},
  {"condition": "neural_foraminal_narrowing",
   "views": [{"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 32, "pixel_mm": 1.2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4], "blocks": [1]}, "pooling": "mean",
                  "slices_as": "channels", "slices": 3}}],
 "augmentation": {"mixup": 0.3, "cutmix": 0.3},
 "optimisation": {"epochs": 3, "studies_per_batch": 1, "accumulate": 2, "patience": 9}, "folds": 2,
 "stack": {"kind": "mlp", "hidden": 8, "steps": 20},
 "pseudo_labels": {"confidence": 0.3, "epochs": 2}}
JSON
expect_exit 0 lumbargrade phantom --studies 6 --seed 8 --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 -o data
# Two of the six studies lose their labels: the challenge's test set.
mkdir -p more/test_images
for study in $(ls data/train_images | tail -n 2); do
  mv "data/train_images/$study" more/test_images
  sed -i "/^$study,/d" data/train.csv
done
train() {
  ${EXEC:-} "$LUMBARGRADE" train grader --data data --unlabelled more --recipe tiny.json --threads 1 --deterministic --seed 4 \
    --checkpoint-every 1 "$@"
}

expect_exit 0 train --out whole
expect_stderr "unlabelled findings are guessed with a confidence of at least 0.3"
expect_file whole/checkpoint/0-foraminal-pseudo-fold1/checkpoint.safetensors
expect_stderr "second stage: held-out loss"
if grep -q "second stage gains nothing" .stderr; then stacks=0; else stacks=1; fi
expect_equal "$stacks" "$(ls whole/study_stack.safetensors 2> /dev/null | wc -l)" "second stages in the bundle"
expect_exit 1 train --out whole
expect_stderr "is not empty"
expect_loss_falls whole/checkpoint/0-foraminal-fold1/log.csv

# Killed in the first pass, and when pseudo-labels are learned from.
for stage in 0-foraminal-fold1 0-foraminal-pseudo-fold1; do
  killed_and_resumed "killed-$stage/checkpoint/$stage/checkpoint.safetensors" train --out "killed-$stage"
  killed=killed-$stage
  cmp whole/foraminal_0_0.safetensors $killed/foraminal_0_0.safetensors || fail_test "other weights after being killed"
  cmp whole/training/out_of_fold.csv $killed/training/out_of_fold.csv || fail_test "other predictions after being killed"
  cmp whole/manifest.json $killed/manifest.json || fail_test "another manifest after being killed"
done

# A second stage learns from out-of-fold answers: where folds do not run, there are none.
sed 's/"folds": 2/"folds": 2, "run_folds": [1]/' tiny.json > one_fold.json
expect_exit 2 lumbargrade train grader --data data --recipe one_fold.json --out refused
expect_stderr "stack has no out-of-fold predictions"
expect_no_file refused

# What decides a crop is compared in the crop: a cache that another program cut is not used.
expect_exit 0 train --out again --cache whole/crops
expect_stderr "crops of whole/crops are used again"
crops=$(ls whole/crops/0-*-predicted.u8)
before=$(sha256sum < "$crops")
printf '\0\1\2\3' | dd of="$crops" bs=1 seek=2000 conv=notrunc 2> .stderr
expect_exit 0 train --out another --cache whole/crops
expect_stderr "are not what would be cut now"
expect_equal "$before" "$(sha256sum < "$crops")" "crops that were cut again"

expect_exit 0 lumbargrade model verify whole
expect_stdout "ok      foraminal_1_1: golden output"
expect_exit 0 lumbargrade model info whole
expect_stdout "neural_foraminal_narrowing"
# A real study: its sagittal T1 is missing, so the foramina keep their prior; the rest is graded as by the base bundle.
expect_exit 0 lumbargrade grade "$LUMBARGRADE_TEST_DATA/example_study/900107" --bundle whole
expect_equal 26 "$(wc -l < .stdout)" "lines of grades.csv"
expect_exit 0 lumbargrade crops "$LUMBARGRADE_TEST_DATA/example_study/900107" -o sheets
for sheet in canal_sagittal_t2 foraminal_sagittal_t1 subarticular_axial_t2; do
  [[ $(head -c 4 "sheets/$sheet"_*px.png | tail -c 3) == PNG ]] || fail_test "$sheet is no PNG"
done
expect_exit 1 lumbargrade crops "$LUMBARGRADE_TEST_DATA/example_study/900107" -o sheets
expect_stderr "--force"
# A phantom study goes through the whole of it, second stage included.
phantom=more/test_images/$(ls more/test_images | head -n 1)
expect_exit 0 lumbargrade grade "$phantom" --bundle whole
expect_equal 26 "$(wc -l < .stdout)" "lines of grades.csv"
