# `cmake --install` leaves a program that runs without the build folder, and a package that other projects find.
. "$(dirname "$0")/lib.sh"

prefix=$WORK/prefix
expect_exit 0 cmake --install "$LUMBARGRADE_BUILD" --prefix "$prefix"
expect_file "$prefix/bin/lumbargrade"
expect_exit 0 "$prefix/bin/lumbargrade" --version

# LibTorch is the installed one.
expect_exit 0 ldd "$prefix/bin/lumbargrade"
if [[ -e $prefix/lib/lumbargrade/libtorch_cpu.so ]]; then
  expect_stdout "$prefix/"
fi
if grep -q "not found" .stdout; then fail_test "a library is missing"; fi

expect_exit 0 cmake -G Ninja -S "$LUMBARGRADE_SOURCE/tests/install" -B consumer "-DCMAKE_PREFIX_PATH=$prefix"
expect_exit 0 cmake --build consumer
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no bundle to grade with"
expect_exit 0 consumer/grade_one "$LUMBARGRADE_TEST_DATA"/example_study/*/
expect_equal 25 "$(wc -l <.stdout)" "rows that the program of another project prints"
