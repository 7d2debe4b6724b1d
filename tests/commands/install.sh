# `cmake --install` leaves a program that runs without the build folder, and a package that other projects find.
. "$(dirname "$0")/lib.sh"

prefix=$WORK/prefix
expect_exit 0 cmake --install "$LUMBARGRADE_BUILD" --prefix "$prefix"
expect_file "$prefix/bin/lumbargrade"
expect_exit 0 "$prefix/bin/lumbargrade" --version

# What a system looks for around a program, and what users read.
grep -q '^.TH LUMBARGRADE 1' "$prefix/share/man/man1/lumbargrade.1" || fail_test "no manual page"
for file in share/bash-completion/completions/lumbargrade share/zsh/site-functions/_lumbargrade \
  share/fish/vendor_completions.d/lumbargrade.fish; do
  grep -q 'lowest-disc' "$prefix/$file" || fail_test "no completion in $file"
done
for file in share/doc/lumbargrade/docs/outputs.md share/doc/lumbargrade/NOTICE share/lumbargrade/cluster/slurm.sh \
  share/lumbargrade/kaggle share/lumbargrade/models/recipes/fast.json; do
  expect_file "$prefix/$file"
done
expect_no_file "$prefix/share/lumbargrade/models/build"
expect_exit 2 "$prefix/bin/lumbargrade" train grader --data "$LUMBARGRADE_TEST_DATA" --recipe fast --out out
expect_stderr "train.csv"

# DCMTK's dictionary is found beside the program, where DCMTK itself finds none.
export DCMDICTPATH=/nowhere/dicom.dic
expect_exit 1 "$prefix/bin/lumbargrade" grade "$LUMBARGRADE_TEST_DATA"/example_study/*/
expect_stderr "DCMTK has no data dictionary"
cp "$(find /usr/share -path '*dcmtk*/dicom.dic' -print -quit)" "$prefix/share/lumbargrade/dicom.dic"
expect_exit 0 "$prefix/bin/lumbargrade" grade "$LUMBARGRADE_TEST_DATA"/example_study/*/
expect_equal 26 "$(wc -l <.stdout)" "lines of the table"
unset DCMDICTPATH

# LibTorch is the installed one.
for file in bin/lumbargrade lib/lumbargrade/liblumbargrade_{networks,training}.so; do
  expect_exit 0 ldd "$prefix/$file"
  if grep -q "not found" .stdout; then fail_test "a library is missing"; fi
done
if [[ -e $prefix/lib/lumbargrade/libtorch_cpu.so ]]; then
  expect_stdout "$prefix/"
fi

# The run-time library of a sanitizer comes first in a program, or not at all.
flags=()
! has_sanitizer || flags=(-DCMAKE_CXX_FLAGS=-fsanitize=address,undefined)
expect_exit 0 cmake -G Ninja -S "$LUMBARGRADE_SOURCE/tests/install" -B consumer "-DCMAKE_PREFIX_PATH=$prefix" "${flags[@]}"
expect_exit 0 cmake --build consumer
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no bundle to grade with"
expect_exit 0 consumer/grade_one "$LUMBARGRADE_TEST_DATA"/example_study/*/
expect_equal 25 "$(wc -l <.stdout)" "rows that the program of another project prints"
