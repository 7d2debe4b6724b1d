# `phantom` writes a data set in the challenge's layout, and refuses what it cannot do in a sentence.
. "$(dirname "$0")/lib.sh"
small="--sagittal-matrix 48 --axial-matrix 40"

# refuse WORDS OPTION...: exit code 2, the words on stderr, nothing written.
refuse() {
  local words=$1
  shift
  expect_exit 2 lumbargrade phantom -o out "$@"
  expect_stderr "$words"
  expect_no_file out
}
refuse "number of studies" --studies 0
refuse "number of studies" --studies -3
refuse "--studies" --seed 3
refuse "--studies" --studies many
refuse "--seed" --studies 1 --seed -1
refuse "noise" --studies 1 --noise -1
refuse "label noise" --studies 1 --label-noise 1.2
refuse "label noise" --studies 1 --label-noise nan
refuse "matrix" --studies 1 --sagittal-matrix 8
refuse "matrix" --studies 1 --axial-matrix 5000
refuse "jobs" --studies 1 --jobs 0
refuse "vendor-quirks" --studies 1 --vendor-quirks ge
refuse "cannot read" --studies 1 --prevalence nowhere.json
refuse "cannot read" --studies 1 --prevalence .
echo '{"spinal_canal_stenosis": {"l4_l5": [0.5, 0.3, 0.3]}}' > prevalence.json
refuse "not to 1" --studies 1 --prevalence prevalence.json
echo '{"spinal_canal_stenosis": {"l4_l5": [1.5, -0.3, -0.2]}}' > prevalence.json
refuse "negative" --studies 1 --prevalence prevalence.json
echo '{"spinal_canal_stenosis": {"l9_l10": [1, 0, 0]}}' > prevalence.json
refuse "unknown level" --studies 1 --prevalence prevalence.json
echo precious > file
expect_exit 1 lumbargrade phantom --studies 1 -o file
expect_stderr "is a file"
expect_equal precious "$(< file)" "the file in the way"
expect_exit 1 lumbargrade phantom --studies 1 -o file/under
expect_stderr "cannot create file/under/train_images"

expect_exit 0 lumbargrade phantom --studies 1 --seed 5 $small --labels -o out
grep '^W:' "$WORK/.stderr" && fail_test "DCMTK's own warnings on stderr"
for file in train.csv train_series_descriptions.csv train_label_coordinates.csv truth.json; do
  [[ -s out/$file ]] || fail_test "$file is missing"
done
expect_exit 1 lumbargrade phantom --studies 1 --seed 5 $small -o out
expect_stderr "not empty"
expect_exit 2 lumbargrade phantom --studies 1 --seed 6 $small -o out --resume
expect_stderr "not begun with these options"

# Killed or stopped by Ctrl-C at any moment, a run leaves complete studies only, and --resume ends with the bytes of an
# undisturbed one.
expect_exit 0 lumbargrade phantom --studies 4 --seed 5 $small -o undisturbed
for signal in KILL INT; do
  # A shell's background jobs ignore SIGINT; env gives the command its default back.
  env --default-signal=INT "$LUMBARGRADE" phantom --studies 4 --seed 5 $small --jobs 2 -o $signal 2> /dev/null &
  run=$!
  for ((i = 0; i < 600; ++i)); do
    [[ -n $(ls $signal/train_images 2> /dev/null) ]] && break
    sleep 0.05
  done
  kill -$signal $run 2> /dev/null
  wait $run 2> /dev/null
  expect_no_file $signal/train.csv
  expect_equal "" "$(find $signal -name '.*.??????' -not -path '*/unfinished/*')" "remains outside the workshop"
  for study in $signal/train_images/*/; do
    diff -r "$study" "undisturbed/train_images/$(basename "$study")" > /dev/null || fail_test "$study is incomplete"
  done
  expect_exit 0 lumbargrade phantom --studies 4 --seed 5 $small -o $signal --resume
  diff -r undisturbed $signal > .stdout || fail_test "other bytes after SIG$signal"
done

# A continued run may add studies, not forget some.
expect_exit 2 lumbargrade phantom --studies 3 --seed 5 $small -o undisturbed --resume
expect_stderr "at least as many as before"
expect_equal 5 "$(wc -l < undisturbed/train.csv)" "rows of train.csv"

# One study in memory at a time: the peak does not grow with their number.
peak_kb() {
  local peak=0 now run
  "$LUMBARGRADE" phantom --studies "$1" --seed 5 $small --jobs 1 -o "peak$1" 2> /dev/null &
  run=$!
  while now=$(awk '/VmHWM/ {print $2}' "/proc/$run/status" 2> /dev/null) && [[ -n $now ]]; do
    peak=$now
    sleep 0.05
  done
  wait $run
  echo "$peak"
}
few=$(peak_kb 2)
many=$(peak_kb 10)
((few > 0 && many * 10 < few * 12)) || fail_test "peak memory $few kB with 2 studies, $many kB with 10"

# Conformant objects, labels too.
files=(out/train_images/*/*/[15].dcm out/labels/*/*/[15].dcm)
if command -v dciodvfy > /dev/null; then
  for file in "${files[@]}"; do
    dciodvfy "$file" 2>&1 | grep '^Error' && fail_test "$file is not conformant"
  done
fi
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || exit 0
expect_exit 0 "$python" "$LUMBARGRADE_SOURCE/tests/commands/phantom_conformance.py" "${files[@]}"
