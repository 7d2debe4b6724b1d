# `phantom` writes a data set in the challenge's layout, and refuses what it cannot do in a sentence.
. "$(dirname "$0")/lib.sh"
small="--sagittal-matrix 48 --axial-matrix 40"

expect_exit 2 lumbargrade phantom --studies 0 -o out
expect_stderr "number of studies"
expect_exit 2 lumbargrade phantom --studies 1 --noise -1 -o out
expect_stderr "noise"
echo '{"spinal_canal_stenosis": {"l4_l5": [0.5, 0.3, 0.3]}}' > prevalence.json
expect_exit 2 lumbargrade phantom --studies 1 --prevalence prevalence.json -o out
expect_stderr "not to 1"
[[ ! -e out ]] || fail_test "a refused run left a folder"

expect_exit 0 lumbargrade phantom --studies 1 --seed 5 $small -o out
for file in train.csv train_series_descriptions.csv train_label_coordinates.csv truth.json; do
  [[ -s out/$file ]] || fail_test "$file is missing"
done
expect_exit 2 lumbargrade phantom --studies 1 --seed 5 $small -o out
expect_stderr "not empty"
expect_exit 2 lumbargrade phantom --studies 1 --seed 6 $small -o out --resume
expect_stderr "not begun with these options"

# Killed at any moment, a run leaves complete studies only, and --resume ends with the bytes of an undisturbed one.
expect_exit 0 lumbargrade phantom --studies 3 --seed 5 $small -o undisturbed
"$LUMBARGRADE" phantom --studies 3 --seed 5 $small --jobs 2 -o killed 2> /dev/null &
sleep 1.2
kill -KILL $! 2> /dev/null
wait $! 2> /dev/null
expect_exit 0 lumbargrade phantom --studies 3 --seed 5 $small -o killed --resume
diff -r undisturbed killed > /dev/null || fail_test "other bytes after being killed"

# Conformant objects, if a validator is at hand.
if command -v dciodvfy > /dev/null; then
  for file in out/train_images/*/*/1.dcm; do
    dciodvfy "$file" 2>&1 | grep '^Error' && fail_test "$file is not conformant"
  done
fi
exit 0
