# A brain is not graded: neither the committed three slices of each position nor, where they lie, the whole series.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
excerpts=$LUMBARGRADE_TEST_DATA/dicom/dcm_qa_decubitus

refuses() { # refuses STUDY
  expect_exit 4 lumbargrade grade "$1"
  expect_stderr "no lumbar discs found"
  expect_no_stdout
}

refuses "$excerpts/HFDL"
refuses "$excerpts/HFS"
refuses "$excerpts/HFP"

for position in "$LUMBARGRADE_SHARED"/data/dicom/dcm_qa_decubitus/In/*/; do
  [[ -d $position ]] && refuses "$position"
done
exit 0
