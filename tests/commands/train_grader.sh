# `train grader` makes a bundle that grades, goes on after SIGKILL to the same weights, and refuses in sentences.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
recipe() { # recipe EPOCHS_KEY
  cat <<JSON
{"name": "tiny", "origin": "a test", "needs": "seconds",
 "networks": [{"condition": "neural_foraminal_narrowing",
   "views": [{"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 32, "pixel_mm": 1.2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4, 8], "blocks": [1, 1]}, "pooling": "attention",
                  "hidden": 16, "dropout": 0.2}}],
 "augmentation": {"mixup": 0.3, "cutmix": 0.3},
 "optimisation": {"$1": 3, "studies_per_batch": 1, "accumulate": 2, "patience": 9}, "folds": 3, "run_folds": [1]}
JSON
}
recipe epochs > tiny.json
recipe epoch > misspelt.json
expect_exit 0 lumbargrade phantom --studies 6 --seed 8 --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 -o data
train() { "$LUMBARGRADE" train grader --data data --config tiny.json --threads 1 --deterministic --seed 4 --checkpoint-every 1 "$@"; }

expect_exit 2 lumbargrade train grader --data data --config misspelt.json --out out
expect_stderr 'did you mean "epochs"?'
expect_exit 2 lumbargrade train grader --data "$LUMBARGRADE_TEST_DATA" --config tiny.json --out out
expect_stderr "train.csv is missing"
rm -rf out

expect_exit 0 train --out whole
expect_exit 2 train --out whole
expect_stderr "is not empty"
train --out killed 2> .stderr &
run=$!
for ((i = 0; i < 1200; ++i)); do
  [[ -e killed/checkpoint/0-foraminal-fold1/progress.json ]] && break
  sleep 0.05
done
kill -KILL $run 2> /dev/null && wait $run 2> /dev/null
expect_exit 0 train --out killed --resume
cmp whole/foraminal_0_0.safetensors killed/foraminal_0_0.safetensors || fail_test "other weights after being killed"
cmp whole/manifest.json killed/manifest.json || fail_test "another manifest after being killed"

expect_exit 0 lumbargrade model verify whole
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

# Labels without images are told and left out; of one class only, there is nothing to learn.
mv data/train_images/"$(ls data/train_images | head -n 1)" gone
sed -i 's/Moderate/Normal\/Mild/g; s/Severe/Normal\/Mild/g' data/train.csv
expect_exit 2 train --out one_class
expect_stderr "1 of 6 labelled studies have no folder"
expect_stderr "of one class"
