# Sourced by the tests of `train`: a tiny labelled data set, figures of imagined fold runs, and
# what every training must do.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"

# Of a recipe's network: one for all conditions, a small view of each.
readonly all_conditions='"conditions": ["spinal_canal_stenosis", "neural_foraminal_narrowing", "subarticular_stenosis"],
   "views": [{"series": "sagittal_t2", "anchor": "canal", "slices": 3, "size_px": 32, "pixel_mm": 1.2},
             {"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 32, "pixel_mm": 1.2},
             {"series": "axial_t2", "anchor": "recess", "slices": 3, "size_px": 32, "pixel_mm": 1.2}]'

# labelled_data [FOLDER [SEED]]: phantoms with drawn masks in data/, or FOLDER
labelled_data() {
  local folder=${1:-data} seed=${2:-8}
  expect_exit 0 lumbargrade phantom --studies 3 --seed "$seed" --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 -o "$folder"
  expect_exit 0 python3 "$LUMBARGRADE_SOURCE/tests/commands/label_phantom_slices.py" "$folder" 128 2.3
}

# fold_run: a folder such as a fold run leaves, with figures of twelve patients
fold_run() {
  mkdir -p folds/training
  awk 'BEGIN {
    print "study_id,level,found,disc_error_mm,canal_point_error_mm,diameter_mm,true_diameter_mm,ratio,true_ratio,confidence"
    split("L1/L2 L2/L3 L3/L4 L4/L5 L5/S1", levels, " ")
    for (k = 1; k <= 12; ++k) for (l = 1; l <= 5; ++l)
      printf "%d,%s,1,1.5,1.2,%.2f,%.2f,%.3f,%.3f,.9\n", k, levels[l], 8 + .6 * k, 8.3 + .57 * k, .5 + .04 * k, .52 + .04 * k
  }' > folds/training/held_out.csv
  awk 'BEGIN {
    print "study_id,level,side,depth_mm,true_depth_mm"
    split("L1/L2 L2/L3 L3/L4 L4/L5 L5/S1", levels, " ")
    for (k = 1; k <= 12; ++k) for (l = 1; l <= 5; ++l) for (s = 0; s < 2; ++s)
      printf "%d,%s,%s,%.2f,%.2f\n", k, levels[l], s ? "right" : "left", 1 + .5 * k, 1.2 + .47 * k
  }' > folds/training/held_out_recess.csv
}

# killed_and_resumed CHECKPOINT COMMAND...: runs the command, kills it when CHECKPOINT is there, resumes with --resume.
# COMMAND may be a function whose program stands behind ${EXEC:-}: then the program, not a shell around it, is killed.
killed_and_resumed() {
  local checkpoint=$1 run
  shift
  (EXEC=exec; "$@") > .stdout 2> .stderr &
  run=$!
  for ((i = 0; i < 2400; ++i)); do
    [[ -e $checkpoint ]] && break
    sleep 0.05
  done
  kill -KILL $run 2> /dev/null && wait $run 2> /dev/null
  expect_file "$checkpoint"
  expect_exit 0 "$@" --resume
  expect_stderr "resumes at step"
}

# expect_loss_falls LOG: from the first row to the last
expect_loss_falls() {
  awk -F, 'NR == 2 {first = $4} {last = $4} END {exit !(NR > 2 && last < first)}' "$1" ||
    fail_test "the loss does not fall: $(cut -d, -f4 "$1" | tr '\n' ' ')"
}
