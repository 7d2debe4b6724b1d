# A brain is not graded. Of the committed three slices of each position, one (HFP) is taken for a spine: every row of it
# then says that it means nothing, which is pinned here as a shortfall. The whole series, where they lie, are refused.
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
expect_exit 0 lumbargrade grade "$excerpts/HFP"
awk -F, 'NR > 1 { ++rows; if ($12 > 0.01 || $NF !~ /level_(uncertain|not_found)/) exit 1 } END { exit rows != 25 }' .stdout ||
  fail_test "a row of a brain has a confidence"

for position in "$LUMBARGRADE_SHARED"/data/dicom/dcm_qa_decubitus/In/*/; do
  [[ -d $position ]] && refuses "$position"
done
exit 0
