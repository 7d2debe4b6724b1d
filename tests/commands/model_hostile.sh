# Manifests that lie about the shipped weights: `model info`, `model verify` and `grade` end with exit code 5 and one
# sentence that names the lie, before anything large is built.
. "$(dirname "$0")/lib.sh"
shipped=$LUMBARGRADE_SOURCE/models/default
[[ -e $shipped/manifest.json ]] || skip "no shipped bundle"
study=$LUMBARGRADE_TEST_DATA/example_study/900107

# refuse SENTENCE PYTHON: `m` is the manifest, `n` its networks by name.
refuse() {
  rm -rf copy && cp -r "$shipped" copy
  python3 - "$2" <<'PYTHON' || fail_test "cannot edit the manifest: $2"
import json, sys
m = json.load(open("copy/manifest.json"))
n = {network["name"]: network for network in m["networks"]}
exec(sys.argv[1])
json.dump(m, open("copy/manifest.json", "w"))
PYTHON
  # 4 GiB of addresses: LibTorch's libraries alone take one.
  local bound=4194304
  ! has_sanitizer || bound=unlimited
  expect_exit 5 bash -c 'ulimit -v "$0"; exec timeout 20 "$@"' $bound "$LUMBARGRADE" model info copy
  expect_stderr "$1"
  expect_exit 5 bash -c 'ulimit -v "$0"; exec timeout 20 "$@"' $bound "$LUMBARGRADE" model verify copy
  expect_stdout "$1"
  expect_exit 5 bash -c 'ulimit -v "$0"; exec timeout 20 "$@"' $bound "$LUMBARGRADE" grade --bundle copy "$study"
  expect_stderr "$1"
  ! grep -q "frame #\|Exception raised" "$WORK/.stderr" || fail_test "stack frames reach the user"
}

refuse "inputs[0].axes[1].spacing_mm is 0.001" \
  'for axis in n["locator"]["inputs"][0]["axes"][1:]: axis["spacing_mm"] = 0.001'
refuse "inputs[0].normalisation.low_percentile is 2.0" \
  'n["locator"]["inputs"][0]["normalisation"]["low_percentile"] = 2.0'
refuse "inputs[0].padding" 'n["canal_outline"]["inputs"][0]["padding"] = "zero"'
refuse "inputs[0].interpolation" 'n["canal_outline"]["inputs"][0]["interpolation"] = "cubic"'
refuse "inputs[0].series[0]" 'n["locator"]["inputs"][0]["series"].reverse()'
refuse "outputs[1].downsampling" 'n["locator"]["outputs"][1]["downsampling"] = 4'
refuse "outputs[0].activation" 'n["locator"]["outputs"][0]["activation"] = "sigmoid"'
refuse "outputs[0].classes[1]" 'n["locator"]["outputs"][0]["classes"][1:3] = ["vertebra", "disc"]'
refuse "outputs[0].temperature" 'n["canal_outline"]["outputs"][0]["temperature"] = 2.0'
refuse 'inputs have the names "nothing"' 'n["canal_0_0"]["inputs"][0]["name"] = "nothing"'
refuse "looks has 65 entries" 'm["grading"]["heads"][0]["looks"] = [{"row_mm": i / 1000} for i in range(65)]'
refuse "describe more than 1048576 values" \
  'for axis in n["canal_0_0"]["inputs"][0]["axes"][1:]: axis["size"] = 4096'
refuse "parameters ask for more than" \
  'n["canal_0_0"]["parameters"]["backbone_options"] = {"widths": [1024] * 8, "blocks": [64] * 8}'
refuse "network \"locator\" of role canal_outline" \
  'n["locator"]["role"], n["canal_outline"]["role"] = n["canal_outline"]["role"], n["locator"]["role"]'
refuse "outputs[0].classes[0]" 'n["canal_0_0"]["outputs"][0]["classes"].reverse()'
refuse "networks has 129 entries" \
  'm["networks"] += [dict(n["canal_0_0"], name=f"copy{i}") for i in range(129 - len(m["networks"]))]'

# Only regular files are opened.
rm -rf copy && cp -r "$shipped" copy && rm copy/manifest.json && mkfifo copy/manifest.json
expect_exit 5 timeout 20 "$LUMBARGRADE" model info copy
rm -rf copy && cp -r "$shipped" copy && rm copy/locator.safetensors && mkfifo copy/locator.safetensors
expect_exit 5 timeout 20 "$LUMBARGRADE" model verify copy

# A full disk is told.
expect_exit 1 bash -c '"$@" > /dev/full' - "$LUMBARGRADE" model info "$shipped"
expect_exit 1 bash -c '"$@" > /dev/full' - "$LUMBARGRADE" model verify "$shipped"
