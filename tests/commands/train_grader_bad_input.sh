# What `train grader` says to data sets and recipes that are not as they should be.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
recipe() { # recipe FILE EPOCHS_KEY FOLDS RUN_FOLD
  cat > "$1" <<JSON
{"name": "tiny", "origin": "a test", "needs": "seconds",
 "networks": [{"condition": "neural_foraminal_narrowing",
   "views": [{"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 32, "pixel_mm": 1.2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4], "blocks": [1]}, "pooling": "mean"}}],
 "optimisation": {"$2": 1}, "folds": $3, "run_folds": [$4]}
JSON
}
recipe tiny.json epochs 2 0
recipe misspelt.json epoch 2 0
recipe folds.json epochs 9 8
expect_exit 0 lumbargrade phantom --studies 4 --seed 8 --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 -o data
train() { # train RECIPE ARGUMENT...
  "$LUMBARGRADE" train grader --data data --recipe "$1" --threads 1 "${@:2}"
}
cp data/train.csv labels.csv
cp data/train_label_coordinates.csv coordinates.csv

expect_exit 2 train misspelt.json --out out
expect_stderr 'did you mean "epochs"?'
expect_exit 2 lumbargrade train grader --data "$LUMBARGRADE_TEST_DATA" --recipe tiny.json --out out
expect_stderr "train.csv is missing"
expect_exit 2 train tiny.json --device tpu --out out
expect_stderr '"tpu" must be one of cpu, cuda, cuda:N, auto'
# More weights than a bundle may hold are told before anything is trained.
sed 's/"condition"/"seeds": 20, "condition"/; s/"backbone": "resnet", "backbone_options": {[^}]*}/"backbone": "convnext_nano"/; s/, "run_folds": \[0\]/, "run_folds": [0, 1, 2, 3, 4, 5, 6]/; s/"folds": 2/"folds": 7/' tiny.json > heavy.json
expect_exit 2 train heavy.json --out heavy
expect_stderr "million weights together, more than the 2000 million of a bundle"
expect_no_file heavy/crops
mkdir empty
expect_exit 2 train tiny.json --unlabelled empty --cache cache --out unlabelled
expect_stderr "--unlabelled takes a folder in the challenge's layout"

sed 's/Normal\/Mild/Mild/' labels.csv > data/train.csv
expect_exit 2 train tiny.json --out grades
expect_stderr "line 2: unknown grade \"Mild\""
cp labels.csv data/train.csv

# Coordinates outside of their image: told, and the locator's point is used.
awk -F, -v OFS=, 'NR == 1 {for (k = 1; k <= NF; ++k) if ($k == "x") x = k}
  NR > 1 && !done && tolower($0) ~ /foraminal/ {$x = 99999; done = 1} {print}' coordinates.csv > data/train_label_coordinates.csv
expect_exit 0 train tiny.json --cache outside --out outside_out
expect_stderr "1 coordinates cannot be used, predicted points stand in; outside/misplaced.csv lists them"
grep -q "x 99999, y .* lies outside the image of" outside/misplaced.csv || fail_test "misplaced.csv does not say why"

# Two levels' coordinates exchanged: 30 mm off.
study=$(sed -n 2p coordinates.csv | cut -d, -f1)
sed "/^$study,.*oraminal/{s,L1/L2,L0,;s,L2/L3,L1/L2,;s,L0,L2/L3,}" coordinates.csv > data/train_label_coordinates.csv
expect_exit 0 train tiny.json --cache exchanged --out exchanged_out
expect_stderr "foraminal: 4 of 40 predicted points lie at another level than the given ones"
expect_stderr "studies $study"
cp coordinates.csv data/train_label_coordinates.csv

expect_exit 2 train folds.json --cache cache --out folds
expect_stderr "fold 8 of 9 has no labelled finding of neural_foraminal_narrowing to measure at predicted points; use fewer folds"

# A disk that is full with the crops, and one that is full with the checkpoint.
mkdir small
if mount -t tmpfs -o size=64k tmpfs small 2> /dev/null; then
  trap 'umount -l "$WORK/small"; rm -rf "$WORK"' EXIT
  expect_exit 1 train tiny.json --out small/out
  expect_stderr "cannot write the crops to small/out/crops: is the disk full? --cache names another folder"
  rm -rf small/out
  expect_exit 1 train tiny.json --cache cache --out small/out
  expect_stderr "No space left on device"
fi

# Labels without images and images without labels are counted, listed and left out; of one class only, there is nothing
# to learn.
gone=$(ls data/train_images | head -n 1)
mv "data/train_images/$gone" "data/train_images/unlabelled"
sed -i 's/Moderate/Normal\/Mild/g; s/Severe/Normal\/Mild/g' data/train.csv
expect_exit 2 train tiny.json --cache one_class --out one_class_out
expect_stderr "1 of 4 labelled studies have no folder"
expect_stderr "1 studies have images but no labels"
expect_stderr "of one class"
grep -qx "$gone,,labels without images" one_class/skipped.csv || fail_test "skipped.csv lacks the study without images"
grep -qx "unlabelled,,images without labels" one_class/skipped.csv || fail_test "skipped.csv lacks the unlabelled study"
