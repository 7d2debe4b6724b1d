# `train points` makes a bundle whose points grade uses, tells what it cannot learn from, and resumes after SIGKILL to the
# same weights.
. "$(dirname "$0")/training_lib.sh"
expect_exit 0 lumbargrade phantom --studies 3 --seed 8 --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 \
  --coordinate-noise 1 --coordinate-slips 0.2 --coordinates-missing 0.05 -o data
# One point outside of its image, one in a series that is not there.
table=data/train_label_coordinates.csv
awk -F, -v OFS=, 'NR == 2 {$6 = 4000} NR == 3 {$2 = 77} {print}' $table > .table && mv .table $table
train() {
  ${EXEC:-} "$LUMBARGRADE" train points --data data --folds 2 --iterations "${STEPS:-12}" --batch 4 --checkpoint-every 4 --threads 1 "$@"
}

expect_exit 0 train --out whole
expect_stderr "2 coordinates are not learned from"
grep -q "x 4000" whole/crops/misplaced.csv || fail_test "the point outside of its image is not told"
grep -q "series 77, instance" whole/crops/misplaced.csv || fail_test "the point of no series is not told"
expect_stderr "held-out foramen: slice exact"
for anchor in canal foramen recess; do expect_loss_falls whole/checkpoint/$anchor-fold0/log.csv; done
expect_exit 0 lumbargrade model verify whole
expect_exit 0 lumbargrade model info whole
expect_stdout "points"

# Every point of every study, in the format of the table it learned from.
points=whole/training/out_of_fold_points.csv
expect_equal "study_id,series_id,instance_number,condition,level,x,y,confidence" "$(head -n 1 $points)" "columns"
expect_equal 3 "$(tail -n +2 $points | cut -d, -f1 | sort -u | wc -l)" "studies with out-of-fold points"
expect_equal "$(tail -n +2 $table | cut -d, -f4 | sort -u)" "$(tail -n +2 $points | cut -d, -f4 | sort -u)" "conditions"
cp $table given.csv
cp $points $table
STEPS=1 expect_exit 0 train --out from_points --fold 1
if grep -q "are not learned from" .stderr; then fail_test "out-of-fold points lie where they cannot be used"; fi
cp given.csv $table

# Unsure points are not used; sure ones stand in the rows and in grades.json.
phantom=data/train_images/$(ls data/train_images | head -n 1)
column() { lumbargrade grade "$phantom" --bundle "$1" 2> .stderr | awk -F, 'NR == 1 {for (k = 1; k <= NF; ++k) if ($k == "point_source") c = k} NR > 1 {print $c}'; }
mkdir unsure sure
cp -r whole/. unsure && sed -i 's/"least_confidence": 0.5/"least_confidence": 1/' unsure/manifest.json
cp -r whole/. sure && sed -i 's/"least_confidence": 0.5/"least_confidence": 0/' sure/manifest.json
if column unsure | grep -q network; then fail_test "a point that is not sure enough is used"; fi
column sure | grep -q network || fail_test "no row names a learned point"
expect_exit 0 lumbargrade grade "$phantom" --bundle sure --format json
expect_stdout '"source": "network"'
expect_exit 0 lumbargrade crops "$phantom" --bundle sure -o sheets

# What the manifest says of points is honoured or refused.
for change in 's/"activation": "places"/"activation": "sigmoid"/' 's/"architecture": "point_finder"/"architecture": "unet"/' \
  's/"least_confidence"/"most_confidence"/'; do
  rm -rf wrong && cp -r whole wrong && sed -i "$change" wrong/manifest.json
  expect_exit 5 lumbargrade grade "$phantom" --bundle wrong
done

killed_and_resumed killed/checkpoint/foramen-fold0/checkpoint.safetensors train --out killed --cache whole/crops
for network in canal_0 foramen_1 recess_1; do
  cmp {whole,killed}/points_$network.safetensors || fail_test "other weights after being killed"
done
cmp {whole,killed}/training/out_of_fold_points.csv || fail_test "other points after being killed"
expect_exit 2 train --out killed --cache whole/crops --resume --seed 5
expect_stderr "another seed"
STEPS=1 expect_exit 0 train --out further --init whole --cache whole/crops --fold 0
expect_stderr "are used again"

# Bad input, in words.
expect_exit 2 train --out none --fold 2
expect_stderr "does not exist"
sed -i '2,$s/^\([^,]*\),[^,]*,/\1,77,/' $table
expect_exit 2 train --out none
expect_stderr "none of the coordinates"
rm $table
expect_exit 2 train --out missing
expect_stderr "is missing: points are learned from the coordinates in it"
