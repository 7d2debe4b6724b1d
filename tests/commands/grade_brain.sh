# A brain is never graded.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
brain=$LUMBARGRADE_SHARED/data/dicom/dcm_qa_decubitus/In
[[ -d $brain ]] || skip "no $brain"

for position in "$brain"/*/; do
  expect_exit 4 lumbargrade grade "$position"
  expect_stderr "no lumbar discs found"
  expect_no_stdout
done
