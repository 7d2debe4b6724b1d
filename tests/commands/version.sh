# `lumbargrade --version` names what a bug report needs.
. "$(dirname "$0")/lib.sh"

project_version=$(sed -n 's/^project(lumbargrade VERSION \([0-9.]*\).*/\1/p' "$LUMBARGRADE_SOURCE/CMakeLists.txt")

expect_exit 0 lumbargrade --version
expect_stdout "lumbargrade $project_version"
grep -qE '^LibTorch [12]\.[0-9]+(\.[0-9]+)? \(CPU' .stdout || fail_test "no LibTorch version"
grep -qE '^compiler (GCC|Clang) [0-9]+' .stdout || fail_test "no compiler version"

if [[ -d $LUMBARGRADE_SOURCE/.git ]]; then
  commit=$(sed -n 's/^commit \([0-9a-f]\{12\}\)\(-dirty\)\?$/\1/p' .stdout)
  git -c safe.directory='*' -C "$LUMBARGRADE_SOURCE" cat-file -e "$commit^{commit}" || fail_test "'$commit' is no commit of ours"
fi
