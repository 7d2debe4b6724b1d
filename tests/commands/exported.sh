# Networks that PyTorch exported, in a bundle: `bundle import` calibrates and writes it, `model verify` holds it against
# what PyTorch answered, `grade` runs it; what is hostile or contradicts itself is refused, and nothing half written stays.
. "$(dirname "$0")/lib.sh"
examples=$LUMBARGRADE_TEST_DATA/exported
shipped=$LUMBARGRADE_SOURCE/models/default
study=$LUMBARGRADE_TEST_DATA/example_study/900107
[[ -e $shipped/manifest.json ]] || skip "no shipped bundle"
if ! "$LUMBARGRADE" --version | grep -q 'LibTorch 2\.11\.'; then skip "this LibTorch has no runner"; fi

# An export of crops as `crops --export` writes it, without its arrays (importing needs none), two studies' out-of-fold
# answers, and golden tensors with probabilities: softmax of the logits that PyTorch gave.
cp -r "$examples/import/." .

import() { "$LUMBARGRADE" bundle import --crops crops --condition canal --out-of-fold "${OOF:-oof.csv}" "$@"; }
expect_exit 0 import --exported "$examples/channels.pt2" --golden channels.safetensors --out mine
expect_exit 0 "$LUMBARGRADE" model verify mine
expect_stdout "canal_exported_0: golden output: largest difference"
! grep -qv "^ok  \|^valid  " .stdout || fail_test "something else on standard output"
expect_exit 0 "$LUMBARGRADE" model info mine
expect_stdout 'exported {"layout":"channels","views":["first"]}'
expect_exit 0 "$LUMBARGRADE" grade "$study" --bundle mine
[[ $(grep -c spinal_canal "$WORK/.stdout") == 5 && $(wc -l < "$WORK/.stdout") == 26 ]] || fail_test "not the 26 lines of a table"

# Beside what is there, and another layout.
expect_exit 0 import --exported "$examples/volume.pt2" --golden volume.safetensors --layout volume --beside --bundle mine --out both
expect_exit 0 "$LUMBARGRADE" model verify both
expect_stdout "canal_exported_0_more: golden output"
expect_exit 0 "$LUMBARGRADE" grade "$study" --bundle both

# A bundle that no longer holds what was pinned.
cp -r mine changed && printf x >> changed/canal_exported_0.pt2
expect_exit 5 "$LUMBARGRADE" grade "$study" --bundle changed
expect_stderr "the file was changed or damaged"

# refuse EXIT SENTENCE ARGUMENTS...: nothing is left of the bundle.
refuse() {
  expect_exit "$1" import --exported "$examples/channels.pt2" --golden channels.safetensors --out none "${@:3}"
  expect_stderr "$2"
  [[ ! -e none && ! -e none.partial ]] || fail_test "something half written stays after: $2"
}
refuse 5 "takes slices as any x 3 x 16 x 16, not" --layout volume
refuse 5 "contradicts the layout channels" --colours 3
refuse 5 "takes 1 inputs, its parameters name 2" --argument first first.valid
refuse 5 "names \"second\", which is no view" --argument second
refuse 5 "gives other answers here than where it comes from" --mean 0.5 --deviation 0.2 --answers probabilities
refuse 2 "belong together" --mean 0.5
refuse 2 "is not among the crops: first" --view second
refuse 2 "holds no such crops of" --entry 1-canal
sed 's/^2_/3_/' oof.csv > others.csv
OOF=others.csv refuse 2 "others.csv line 7: 3_spinal_canal_stenosis_l1_l2 is none of the exported findings"
sed '3s/0.6/0.7/' oof.csv > sums.csv
OOF=sums.csv refuse 2 "sums.csv line 3: the probabilities sum to 1.1"
(cat oof.csv; sed -n 2p oof.csv) > twice.csv
OOF=twice.csv refuse 2 "is there twice"
expect_exit 2 import --exported "$examples/channels.pt2" "$examples/volume.pt2" --golden channels.safetensors --out none
expect_stderr "--golden names 1 files, --exported 2"
expect_exit 5 import --exported "$examples/channels.pt2" --golden volume.safetensors --out none
expect_stderr "gives other answers here"
expect_exit 1 import --exported "$examples/channels.pt2" --golden channels.safetensors --out mine
expect_stderr "is there already"
sed 's/"version": 1/"version": 3/' crops/crops.json > later && mkdir other && cp -r crops/0-canal other && mv later other/crops.json
expect_exit 2 "$LUMBARGRADE" bundle import --crops other --condition canal --out-of-fold oof.csv --exported "$examples/channels.pt2" --golden channels.safetensors --out none
expect_stderr "crops.json: version"
