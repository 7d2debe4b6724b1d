# models/build/default makes a valid bundle from data to card; it skips what is there and makes anew what has changed.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
build="$LUMBARGRADE_SOURCE/models/build/default"
make_miniature() { "$build" --miniature --out out --programs "$LUMBARGRADE_BUILD" --threads 2 "$@"; }

expect_exit 2 "$build"
expect_stderr "--out is missing"
expect_exit 2 "$build" --out out
expect_stderr "--data is missing"
mkdir empty
expect_exit 2 "$build" --out out --data empty
expect_stderr "holds no spider/disc_centres.csv"

expect_exit 0 make_miniature --plan
expect_stdout "to do"
expect_no_file out

expect_exit 0 make_miniature
expect_exit 0 lumbargrade model verify out/bundle
# Every network, every measure and every table came with it.
expect_exit 0 lumbargrade model info out/bundle
for word in locator canal_outline canal_0_0 foraminal_1_0 subarticular_2_0 canal_ap_mm recess_depth_mm; do
  expect_stdout "$word"
done
for table in crossvalidation/held_out_1.csv crossvalidation/canal_held_out_1.csv crossvalidation/canal_recess_thick_0.csv \
  crossvalidation/foramen_shares.csv training/folds.csv training/pseudo_labels.csv; do
  expect_file "out/bundle/$table"
done
for run in locator canal graders; do
  ls out/bundle/training | grep -q "^${run}_.*_log.csv$" || fail_test "no log of the $run came with the bundle"
done
grep -q "mean absolute error of the diameter" out/bundle/MODEL_CARD.md || fail_test "the card lacks the canal's figures"
grep -q "{{" out/bundle/MODEL_CARD.md && fail_test "a field of the card's template was not filled in"
# The shipped card's template is filled by what the program writes; only names and fluid ratios need images of patients, and
# four phantoms have too few severe foramina for an area under a curve.
cp -r "$LUMBARGRADE_SOURCE/models/cards/evaluations" out/bundle/
sed -E 's/\{\{(figure|count) naming [^}]*\}\}/-/g; s/\{\{figure [^}]*curve of severe[^}]*\}\}/-/g; s/\{\{value [^}]*fluid_measure[^}]*\}\}/-/g' \
  "$LUMBARGRADE_SOURCE/models/cards/default.md" > card.md
cp out/bundle/MODEL_CARD.md kept_card.md
expect_exit 0 lumbargrade model card out/bundle --template card.md --force
cp kept_card.md out/bundle/MODEL_CARD.md
# It grades: the canal by its measure, which the locator's bundle alone does not.
study=$(echo out/phantom_test/train_images/* | cut -d ' ' -f 1)
expect_exit 0 lumbargrade grade "$study" --bundle out/bundle
expect_stdout "measure"
expect_exit 0 lumbargrade grade "$study" --bundle out/locator
grep "^[0-9]*,[^,]*,spinal_canal" .stdout | grep -vq prior && fail_test "an unfitted bundle graded the canal by something else"

# Again: nothing is done.
expect_exit 0 make_miniature
expect_equal 0 "$(grep -c "done in" .stderr)" "steps done again"
# A step's command changes: it and those that rest on it would be made anew, the others stay.
expect_exit 0 make_miniature --plan
grep -qv " there " .stdout && [[ $(grep -cv " there \|in all" .stdout) == 0 ]] || fail_test "something is planned again"
expect_exit 0 "$build" --miniature --out out --programs "$LUMBARGRADE_BUILD" --threads 1 --plan
for step in locator_fold0 canal measures bundle; do
  grep " $step " .stdout | grep -q "to make anew" || fail_test "$step would stay"
done
grep " phantom_train " .stdout | grep -q "there" || fail_test "phantom_train would be made anew"
# A step that lost its result is made again, alone.
rm -r out/bundle
expect_exit 0 make_miniature
expect_equal 1 "$(grep -c "done in" .stderr)" "steps done again"
# An interrupted step resumes.
mv out/graders.stamp out/graders.begun
expect_exit 0 make_miniature --plan
grep "graders " .stdout | grep -q "to resume" || fail_test "an interrupted step would begin anew"
