# `train canal`: the loss falls, a kill and a resume give the same weights, the held-out study is measured, and the bundle
# is valid.
. "$(dirname "$0")/training_lib.sh"
labelled_data
fold_run
train() {
  ${EXEC:-} "$LUMBARGRADE" train canal --data data --locator "$LUMBARGRADE_SOURCE/models/default" --iterations 24 --batch 2 \
    --checkpoint-every 8 --folds 3 --fold 1 --cross-validation folds "$@"
}
expect_exit 0 train --out whole
expect_loss_falls whole/checkpoint/outline/log.csv
expect_file whole/training/held_out_thick.csv
expect_equal 6 "$(wc -l < whole/training/held_out.csv)" "lines of held_out.csv"
expect_exit 0 lumbargrade model verify whole

killed_and_resumed killed/checkpoint/outline/checkpoint.safetensors train --out killed
cmp whole/canal_outline.safetensors killed/canal_outline.safetensors || fail_test "other weights after being killed"
cmp whole/manifest.json killed/manifest.json || fail_test "another manifest after being killed"
expect_exit 2 train --out killed --resume --seed 5
expect_stderr "another seed"

# Studies of further folders are learned from in every fold and never measured; those of the data itself are refused.
expect_exit 2 train --out shared --also data
expect_stderr "which data has too"
labelled_data more_data 9
expect_exit 0 train --out more --also more_data
expect_stderr "training on 5 studies, 1 held out"
expect_equal 6 "$(wc -l < more/training/held_out.csv)" "lines of held_out.csv with --also"
expect_exit 2 train --out more --resume
expect_stderr "made with another"
