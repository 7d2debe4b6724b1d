# The example study's rows make sense: canals near the radiologist's masks, levels in place, probabilities sum to one.
# The patient is one of the training's: this shows that the command works, not how well.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"

expect_exit 0 lumbargrade grade "$LUMBARGRADE_TEST_DATA/example_study/900107"
expect_equal 26 "$(wc -l < .stdout)" "lines of grades.csv"
expect_stderr "research use only"

# Diameters (mm) from the masks (SPIDER's), and heights of the discs' canal points (mm, patient z) from their labels.
# L4/L5, which is narrowed, has a test of its own: grade_narrowing.sh.
cat > truth.csv <<'TRUTH'
L1/L2,11.25
L2/L3,11.25
L3/L4,8.44
L4/L5,5.93
L5/S1,6.66
TRUTH

awk -F, 'NR > 1 { sum = $6 + $7 + $8; if (sum < 0.9999995 || sum > 1.0000005) { print "row " NR " sums to " sum; exit 1 } }' \
  .stdout || fail_test "probabilities do not sum to one"
awk -F, '
  NR == FNR { truth[$1] = $2; next }
  $3 == "spinal_canal_stenosis" {
    rows++
    if ($10 != "network+measure" || $12 < 0.5) { print $5 " not measured with confidence"; exit 1 }
    difference = $18 - truth[$5]; if (difference < 0) difference = -difference
    if (difference > 2.5 && $5 != "L4/L5") { print $5 " canal " $18 " mm, " truth[$5] " by the mask"; exit 1 }
    if (previous != "" && $17 >= previous - 15) { print $5 " lies less than 15 mm below its neighbour"; exit 1 }
    previous = $17
  }
  END { if (rows != 5) exit 1 }
' truth.csv .stdout || fail_test "the canal's rows make no sense"
# No sagittal T1: the foramina keep their prior. The slab reaches the left recesses only, L3/L4's not.
expect_equal 10 "$(grep -c 'neural_foraminal_narrowing,.*,prior,' .stdout)" "foraminal rows without an image"
expect_equal 4 "$(grep -c 'subarticular_stenosis,left,.*,measure,' .stdout)" "measured left recesses"
expect_equal 5 "$(grep -c 'subarticular_stenosis,right,.*,prior,' .stdout)" "right recesses out of view"
awk -F, '$3 == "subarticular_stenosis" && $10 == "measure" && ($28 < 0 || $28 > 20 || $15 <= 0 || $14 == "") { exit 1 }' .stdout ||
  fail_test "a left recess lies on the right, or its depth makes no sense"
