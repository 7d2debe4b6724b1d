# The phantom's tables and truth.json say what numpy counts in its label files: sides, levels, units and grades.
. "$(dirname "$0")/lib.sh"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"

expect_exit 0 lumbargrade phantom --studies 5 --seed 9 --prevalence even --labels --sagittal-matrix 448 \
  --axial-matrix 256 -o out
expect_exit 0 "$python" "$LUMBARGRADE_SOURCE/tests/commands/phantom_reference.py" out
cat "$WORK/.stdout"
