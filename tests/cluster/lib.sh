# Sourced by the tests of scripts/cluster. They need software that the default suite does not install and are started by
# hand: tests/cluster/slurm_test. LUMBARGRADE names the program (default: build/default's).
set -euo pipefail

readonly ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LUMBARGRADE=${LUMBARGRADE:-$ROOT/build/default/src/cli/lumbargrade}
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/lumbargrade
[[ -x $LUMBARGRADE ]] || { echo "build first, or name the program in LUMBARGRADE: no $LUMBARGRADE" >&2; exit 1; }

fail_test() {
  echo "FAILED: $*" >&2
  exit 1
}

# make_data FOLDER COUNT: links to the example study, one unreadable study among them.
make_data() {
  mkdir -p "$1/broken/1"
  echo "no DICOM" > "$1/broken/1/1.dcm"
  for ((study = 1; study < $2; ++study)); do ln -s "$ROOT/tests/data/example_study/900107" "$1/$study"; done
}

# The tables of one run without shards, which every cluster run has to equal byte for byte.
grade_unsharded() {
  local status=0
  "$LUMBARGRADE" --quiet batch "$1" -o "$2" --deterministic || status=$?
  [[ $status == 3 ]] || fail_test "the unsharded run ended with $status instead of 3 (one broken study)"
}

expect_same_tables() {
  for table in grades.csv failures.csv; do
    cmp "$1/$table" "$2/$table" || fail_test "$table differs from the unsharded run's"
  done
}

# write_training_data FOLDER: four phantoms and a recipe of two jobs.
write_training_data() {
  "$LUMBARGRADE" --quiet phantom --studies 4 --seed 8 --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -o "$1/data"
  cat > "$1/tiny.json" << EOF
{"name": "tiny", "origin": "a test", "needs": "seconds",
 "networks": [{"condition": "neural_foraminal_narrowing",
   "views": [{"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 32, "pixel_mm": 1.2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4], "blocks": [1]}, "pooling": "mean"}}],
 "optimisation": {"epochs": 2, "studies_per_batch": 1}, "folds": 2}
EOF
}

# What one call makes of it, in FOLDER/whole.
train_whole() {
  "$LUMBARGRADE" --quiet train challenge --data "$1/data" --recipe "$1/tiny.json" --out "$1/whole" --threads 1 --point-iterations 1 \
    --deterministic --seed 4
}

expect_same_bundle() {
  for file in foraminal_0_0.safetensors foraminal_0_1.safetensors manifest.json training/out_of_fold.csv; do
    cmp "$1/whole/$file" "$1/parts/$file" || fail_test "$file differs from the one run's"
  done
}

# A virtual environment with pinned packages, kept from run to run: environment NAME PACKAGE... prints its folder.
environment() {
  local folder=$CACHE/test-$1
  shift
  if [[ ! -e $folder/bin/python || $(cat "$folder/packages" 2> /dev/null) != "$*" ]]; then
    python3 -m venv --clear "$folder" >&2
    "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: "$@" >&2
    echo "$*" > "$folder/packages"
  fi
  echo "$folder"
}
