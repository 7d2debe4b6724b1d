# help, version, info, completion, man, and options from a file or from variables.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"

expect_exit 0 lumbargrade help
cp .stdout help
expect_exit 0 lumbargrade --help
cmp -s .stdout help || fail_test "help differs from --help"
expect_exit 0 lumbargrade help train grader
expect_stdout "--deterministic"
expect_exit 2 lumbargrade help no such command

lumbargrade version --json > version.json || fail_test "version --json"
expect_exit 0 python3 -c 'import json; parts = json.load(open("version.json")); assert set(parts) == {"version", "commit", "libtorch", "devices", "compiler"} and all(parts.values()), parts'

lumbargrade info --json > info.json || fail_test "info --json"
expect_exit 0 python3 - << 'EOF'
import json
info = json.load(open("info.json"))
commands = {command["command"] for command in info["commands"]}
assert {"grade", "batch", "train grader", "model info", "completion"} <= commands and "worker" not in commands, commands
assert "1.2.840.10008.1.2.4.90" in {syntax["uid"] for syntax in info["transfer_syntaxes"]}
assert info["devices"][0] == "cpu" and info["bundles"][0]["name"], info
EOF
expect_exit 0 lumbargrade info
expect_stdout "JPEG 2000"

# Completion in a bash without any: the words that would be offered.
lumbargrade completion bash > completion.bash || fail_test "completion bash"
offered() {
  bash --noprofile --norc -c '
    . ./completion.bash
    COMP_WORDS=(lumbargrade "$@"); COMP_CWORD=$#; _lumbargrade; printf "%s " "${COMPREPLY[@]}"' _ "$@"
}
expect_equal "grade " "$(offered gra)" "commands with gra"
expect_equal "--lowest-disc " "$(offered grade study --low)" "options with --low"
expect_equal "csv json " "$(offered grade --format '' | tr ' ' '\n' | grep -xE 'csv|json' | tr '\n' ' ')" "formats"
expect_equal "grader " "$(offered train gra)" "commands of train"
expect_equal " " "$(offered grade s)" "files are left to the shell"
for shell in zsh fish; do
  lumbargrade completion $shell > completion.$shell || fail_test "completion $shell"
  for word in submission memory-limit lowest-disc; do
    grep -q -- "$word" completion.$shell || fail_test "completion of $shell lacks $word"
  done
  ! command -v $shell > /dev/null || $shell -n completion.$shell || fail_test "completion.$shell is no $shell"
done
expect_exit 2 lumbargrade completion tcsh

lumbargrade man > lumbargrade.1 || fail_test "man"
for word in 'lumbargrade grade' 'lumbargrade train grader' '\-\-lowest\-disc' 'EXIT STATUS'; do
  grep -qF -- "$word" lumbargrade.1 || fail_test "the manual page lacks $word"
done
if command -v groff > /dev/null; then
  groff -ww -man -Tutf8 lumbargrade.1 > page 2> complaints || fail_test "groff"
  [[ ! -s complaints ]] || fail_test "groff complains: $(head -3 complaints)"
fi

# Command line, then variables, then the file.
mkdir empty
printf '[batch]\nlowest-disc = "L4/L5"\nprogress = "wrong"\n' > options.toml
expect_exit 2 lumbargrade --config options.toml batch empty -o out
expect_stderr "wrong"
LUMBARGRADE_PROGRESS=none expect_exit 4 lumbargrade --config options.toml batch empty -o out
LUMBARGRADE_PROGRESS=odd expect_exit 2 lumbargrade batch empty -o out
LUMBARGRADE_PROGRESS=odd expect_exit 4 lumbargrade batch empty -o out --progress none
LUMBARGRADE_CONFIG=options.toml expect_exit 2 lumbargrade batch empty -o out
LUMBARGRADE_CONFIG=missing.toml expect_exit 2 lumbargrade batch empty -o out
expect_stderr "LUMBARGRADE_CONFIG names no file"
printf '[batch]\nlowest-dsc = "L4/L5"\n' > typo.toml
expect_exit 2 lumbargrade --config typo.toml batch empty -o out
expect_stderr 'typo.toml: "batch.lowest-dsc" is no option'

# Tables fit a terminal.
for told in "info" "model info"; do
  # shellcheck disable=SC2086
  expect_exit 0 lumbargrade $told
  wide=$(LC_ALL=C.UTF-8 awk 'length > 80 && $1 !~ "/" && NF > 3' .stdout)
  [[ -z $wide ]] || fail_test "$told is wider than 80 columns: $wide"
done

# A log that is kept has times and no colours; `grade` of many names `batch`; --out is known.
expect_exit 4 lumbargrade grade empty
grep -qE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[+-][0-9:]{5} error: ' .stderr || fail_test "no time: $(cat .stderr)"
expect_exit 2 lumbargrade grade a b
expect_stderr 'lumbargrade batch'
expect_exit 2 lumbargrade grade a --out b
expect_stderr "did you mean --output?"
