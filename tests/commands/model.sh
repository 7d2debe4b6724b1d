# `lumbargrade model info` and `model verify` on the shipped bundle and on copies that lie.
. "$(dirname "$0")/lib.sh"
shipped=$LUMBARGRADE_SOURCE/models/default
[[ -e $shipped/manifest.json ]] || skip "no shipped bundle"

expect_exit 0 lumbargrade model info "$shipped"
expect_stdout "esearch use only"
expect_stdout "Network: locator"

expect_exit 0 lumbargrade model info "$shipped" --json
python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["manifest"]["schema_version"] == 2' .stdout ||
  fail_test "no JSON"

expect_exit 0 lumbargrade model verify "$shipped"
expect_stdout "ok      locator: golden output"

# The shipped card is what the program makes today of its template, the manifest and the bundle's tables.
cp -r "$shipped" carded
expect_exit 1 lumbargrade model card carded --template "$LUMBARGRADE_SOURCE/models/cards/default.md"
expect_stderr "--force"
expect_exit 0 lumbargrade model card carded --template "$LUMBARGRADE_SOURCE/models/cards/default.md" --force
cmp carded/MODEL_CARD.md "$shipped/MODEL_CARD.md" || fail_test "models/default/MODEL_CARD.md is not what its template makes"

# The bundle of the environment is taken, and not passed over when it is wrong.
export LUMBARGRADE_BUNDLE=$PWD/nowhere
expect_exit 5 lumbargrade model info
expect_stderr "nowhere/manifest.json cannot be read"
unset LUMBARGRADE_BUNDLE

fresh_copy() { rm -rf copy && cp -r "$shipped" copy; }

# One byte of the weights changed.
fresh_copy
printf '!' | dd of=copy/locator.safetensors bs=1 seek="$(($(stat -c %s copy/locator.safetensors) - 1))" conv=notrunc status=none
expect_exit 5 lumbargrade model verify copy
expect_stdout "FAILED  locator: sha256 of locator.safetensors"

# Weights cut short, the manifest made to agree.
fresh_copy
old=$(sha256sum copy/locator.safetensors | cut -d' ' -f1)
truncate -s -4 copy/locator.safetensors
sed -i "s/$old/$(sha256sum copy/locator.safetensors | cut -d' ' -f1)/" copy/manifest.json
expect_exit 5 lumbargrade model verify copy
expect_stdout "not a valid safetensors file"

# Manifests that lie: each is refused by `info` or `verify` with a sentence that names it.
lie() { # lie PATTERN REPLACEMENT SENTENCE
  fresh_copy
  sed -i "0,/$1/s//$2/" copy/manifest.json
  expect_exit 5 lumbargrade model verify copy
  expect_stdout "$3"
}
lie '"architecture"' '"archtecture"' 'did you mean "architecture"?'
lie '"unet"' '"unett"' 'did you mean "unet"?'
lie '"locator.safetensors"' '"..\/locator.safetensors"' "must not climb out of the bundle"
lie '"schema_version": 2' '"schema_version": 1' "schema_version is 1"
lie '"softmax"' '"softmx"' 'did you mean "softmax"?'

rm copy/manifest.json
expect_exit 5 lumbargrade model info copy
expect_stderr "is copy a model bundle?"
