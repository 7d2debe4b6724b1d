# What runs no network does not load LibTorch, which takes a fifth of a second: the dynamic linker tells what it opens.
. "$(dirname "$0")/lib.sh"

# loads_libtorch COMMAND...: whether the command, whatever comes of it, opens LibTorch
loads_libtorch() {
  LD_DEBUG=files "$@" >.stdout 2>.stderr
  grep -q 'file=libspdlog' .stderr || fail_test "the dynamic linker told nothing: $*"
  grep -q 'file=libtorch_cpu' .stderr
}

light() { ! loads_libtorch lumbargrade "$@" || fail_test "LibTorch was loaded by: $*"; }
heavy() { loads_libtorch lumbargrade "$@" || fail_test "LibTorch was not loaded by: $*"; }

data=$LUMBARGRADE_TEST_DATA
light --help
light help train grader
light grade --help
light --version
light version --json
light info
light completion bash
light man
light score --truth "$data/metric/small_train.csv" --submission "$data/metric/small_model.csv" --bootstrap 0
expect_stdout "0.375932"
light inspect "$data/dicom/dcm_qa_decubitus/HFP"
expect_stdout "sagittal_t1"
mkdir empty
light merge empty
light phantom --studies 0 -o phantoms
# Mistakes of the command line are told at once too.
light grade missing
expect_stderr "missing does not exist"
light grade "$data/dicom/dcm_qa_decubitus/HFP" --lowest-disc L3/L4
light batch empty -o out

# A LibTorch that has a BLAS of its own calls that, not the slow one that OpenCV brings. Not under AddressSanitizer, which
# refuses the RTLD_DEEPBIND that this takes.
LD_BIND_NOW=1 LD_DEBUG=bindings lumbargrade model verify nowhere >.stdout 2>.stderr
torch=$(sed -n 's/.*binding file \([^ ]*libtorch_cpu\.so[^ ]*\) .*/\1/p' .stderr | head -n 1)
[[ -n $torch ]] || fail_test "the dynamic linker tells nothing of LibTorch"
if ! has_sanitizer && nm -D --defined-only "$torch" | grep ' sgemm_$' >/dev/null; then
  grep "binding file $torch .*sgemm_'" .stderr >bound || fail_test "the dynamic linker tells no sgemm_"
  ! grep -v " to $torch " bound || fail_test "LibTorch is bound to another BLAS"
fi

# What trains is not loaded by what grades.
heavy model verify nowhere
! grep 'file=liblumbargrade_training' .stderr || fail_test "what trains was loaded by model verify"
heavy train locator --data "$data" --out trained
grep 'file=liblumbargrade_training' .stderr >/dev/null || fail_test "what trains was not loaded by train locator"
heavy grade "$data/dicom/dcm_qa_decubitus/HFP"
