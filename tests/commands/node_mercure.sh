# As a module of mercure `node` grades one folder into another, once.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
expect_exit 2 lumbargrade node
expect_stderr "name the configuration"
expect_exit 2 lumbargrade node --mercure
expect_stderr "MERCURE_IN_DIR"
mkdir in out
number=0
for file in "$LUMBARGRADE_TEST_DATA"/example_study/900107/*/*.dcm; do cp "$file" "in/1.2.3#$((++number)).dcm"; done
echo '{"process": {"settings": {}}}' >in/task.json
expect_exit 0 env MERCURE_IN_DIR="$PWD/in" MERCURE_OUT_DIR="$PWD/out" "$LUMBARGRADE" node --mercure
expect_equal 8 "$(find out -name '*#*.dcm' | wc -l)" "DICOM results"
expect_equal 9 "$(find out -type f | wc -l)" "files"
grep -q '"format_version": 1' out/result.json || fail_test "result.json is not grades.json: $(head -c 300 out/result.json)"
expect_equal 25 "$(grep -o '"finding": ' out/result.json | wc -l)" "findings"
mkdir nothing rest
expect_exit 4 env MERCURE_IN_DIR="$PWD/nothing" MERCURE_OUT_DIR="$PWD/rest" "$LUMBARGRADE" node --mercure
expect_equal "" "$(find rest -type f)" "files of a study that is none"
