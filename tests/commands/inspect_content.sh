# Without times and description a real T2 is known by its image; `--levels` tells which discs a series shows.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"
"$python" "$LUMBARGRADE_SOURCE/tests/commands/strip_headers.py" "$LUMBARGRADE_TEST_DATA/example_study/900107" bare

expect_exit 0 lumbargrade inspect bare
expect_stdout "sagittal_t2"
expect_stdout "from image content (canal"
expect_exit 0 lumbargrade grade bare
expect_equal 26 "$(wc -l < .stdout)" "lines of grades"

expect_exit 0 lumbargrade inspect "$LUMBARGRADE_TEST_DATA/example_study/900107" --levels
expect_stdout "L1/L2 to L5/S1"
expect_exit 0 lumbargrade inspect "$LUMBARGRADE_TEST_DATA/example_study/900107" --levels --json
expect_stdout '"L5/S1"'

# Not a lumbar spine: nothing is guessed.
expect_exit 0 "$python" "$LUMBARGRADE_SOURCE/tests/commands/strip_headers.py" \
  "$LUMBARGRADE_TEST_DATA/dicom/dcm_qa_decubitus/HFS" head
expect_exit 0 lumbargrade inspect head
expect_stdout "weighting unknown"
