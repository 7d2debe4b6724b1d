# `train locator` on labels and on its own answers: the loss falls, a kill and a resume give the same weights, and the
# bundle is valid.
. "$(dirname "$0")/training_lib.sh"
labelled_data
fold_run
train() {
  ${EXEC:-} "$LUMBARGRADE" train locator --data data --iterations 12 --batch 2 --float32 --checkpoint-every 4 \
    --cross-validation folds "$@"
}
expect_exit 0 train --out whole
expect_loss_falls whole/checkpoint/labelled/log.csv
expect_exit 0 lumbargrade model verify whole
expect_exit 1 train --out whole
expect_stderr "is not empty"
expect_exit 2 train --out whole --resume --rate 0.001
expect_stderr "another rate"
expect_exit 2 train --out other --folds 3 --fold 3
expect_stderr "--fold 3 of --folds 3 does not exist"

killed_and_resumed killed/checkpoint/labelled/checkpoint.safetensors train --out killed
cmp whole/training/average.safetensors killed/training/average.safetensors || fail_test "other weights after being killed"
cmp whole/manifest.json killed/manifest.json || fail_test "another manifest after being killed"

# The second stage begins where the first ended, which is not trained again.
mkdir images
cp data/masks/*/*/1.png images/
awk 'BEGIN {print "file,patient,row_spacing_mm"}' > midsagittal.csv
expect_exit 0 train --out whole --resume --unlabelled images --self-iterations 2
expect_stderr "labelled: resumes at step 12"
expect_file whole/checkpoint/self-training/checkpoint.safetensors
expect_file whole/training/pseudo_labels.csv
cmp -s whole/training/average.safetensors killed/training/average.safetensors && fail_test "the second stage changed nothing"
expect_exit 0 lumbargrade model verify whole
