# The geometry that `inspect --json` tells is what pydicom, an independent reader, tells: of the committed series, and of
# every shared one where the shared data are there.
. "$(dirname "$0")/lib.sh"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"

folders=("$LUMBARGRADE_TEST_DATA"/example_study/*/ "$LUMBARGRADE_TEST_DATA"/dicom/dcm_qa_decubitus/*/
  "$LUMBARGRADE_TEST_DATA"/dicom/dcm_qa_enh/*/)
[[ ! -d $LUMBARGRADE_SHARED/data ]] || folders+=("$LUMBARGRADE_SHARED"/data/spider/train_images/*/)
expect_exit 0 "$python" "$LUMBARGRADE_SOURCE/tests/commands/geometry_reference.py" "$LUMBARGRADE" "${folders[@]}"
tail -n 1 "$WORK/.stdout"
