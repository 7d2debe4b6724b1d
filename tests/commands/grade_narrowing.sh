# The narrowed L4/L5 of the example study is measured and graded as such.
# Expected to fail with bundle 0.5.0, which measures 6.5 mm where the mask has 5.93 (MODEL_CARD.md); CMakeLists.txt marks
# it so, and the mark must go as soon as a better bundle lands.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"

expect_exit 0 lumbargrade grade "$LUMBARGRADE_TEST_DATA/example_study/900107"
grep -q '^[^,]*,spinal_canal_stenosis,,L4/L5,.*,\(moderate\|severe\),\(network+\)\?measure,' .stdout || fail_test "the narrowed L4/L5 is missed"
