# `crops --export` writes what networks learn from as NumPy files and CSV, as docs/pytorch.md says, and `bundle import` takes
# it from there: from a data set to a bundle that grades, with a network that PyTorch exported.
. "$(dirname "$0")/training_lib.sh"
examples=$LUMBARGRADE_TEST_DATA/exported
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"
cat > tiny.json <<'JSON'
{"name": "tiny", "origin": "a test", "needs": "seconds",
 "networks": [{"condition": "spinal_canal_stenosis",
   "views": [{"name": "first", "series": "sagittal_t2", "anchor": "canal", "slices": 3, "size_px": 16, "pixel_mm": 2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4], "blocks": [1]}, "pooling": "mean"}},
  {"condition": "subarticular_stenosis",
   "views": [{"series": "axial_t2", "anchor": "recess", "slices": 1, "size_px": 16, "pixel_mm": 2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4], "blocks": [1]}, "pooling": "mean"}}],
 "augmentation": {"jitter_mm": 1.6, "jitter_slices": 1}, "folds": 2}
JSON
expect_exit 0 lumbargrade phantom --studies 3 --seed 8 --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 -o data
expect_exit 0 lumbargrade crops --export crops --data data --recipe tiny.json --cache cache
expect_stderr "0-canal: "
"$python" - <<'PYTHON' || fail_test "the export is not as docs/pytorch.md says"
import csv, json, math, pathlib
import numpy as np
root = pathlib.Path("crops")
about = json.loads((root / "crops.json").read_text())
assert (about["format"], about["version"]) == ("lumbargrade crops", 1)
assert [n["folder"] for n in about["networks"]] == ["0-canal", "1-subarticular"]
labels = {r["study_id"]: r for r in csv.DictReader(open("data/train.csv"))}
words = {"Normal/Mild": "normal_mild", "Moderate": "moderate", "Severe": "severe"}
for network, per_study in zip(about["networks"], (5, 10)):
    rows = list(csv.DictReader((root / network["folder"] / "findings.csv").open()))
    assert 0 < len(rows) <= 3 * per_study and len(rows) == network["findings"]
    folds = {}
    for row in rows:
        assert row["label"] == words[labels[row["study_id"]][row["finding"]]], row
        assert row["finding"].startswith(("left_", "right_", "spinal_")) and row["fold"] in "01"
        assert folds.setdefault(row["study_id"], row["fold"]) == row["fold"], "folds are by study"
    for view in network["views"]:
        size = {axis["name"]: axis["size"] for axis in view["input"]["axes"]}
        assert view["margin_px"] == math.ceil(2.5 * 1.6 / 2) and view["margin_slices"] == 1
        shape = (len(rows), size["slice"] + 2, size["row"] + 2 * view["margin_px"], size["column"] + 2 * view["margin_px"])
        central = {}
        for point in ("given", "predicted"):
            pixels = np.load(root / network["folder"] / view[point]["pixels"])
            valid = np.load(root / network["folder"] / view[point]["valid"])
            assert pixels.dtype == valid.dtype == np.uint8 and pixels.shape == shape and valid.shape == shape[:2]
            there = np.array([row[point] == "1" for row in rows])
            assert valid[there][:, 1:-1].any(1).all() and not valid[~there].any() and not pixels[~there].any()
            assert pixels[there].max() == 255
            central[point] = pixels.astype(float)
        # Both show the same place, up to the locator's error.
        both = np.array([row["given"] == row["predicted"] == "1" for row in rows])
        assert both.any() and abs(central["given"][both] - central["predicted"][both]).mean() < 60
with open("oof.csv", "w") as oof:
    print("row_id,normal_mild,moderate,severe", file=oof)
    for row in csv.DictReader((root / "0-canal/findings.csv").open()):
        p = {"normal_mild": .25, "moderate": .25, "severe": .25}
        p[row["label"]] = .5
        print(f"{row['study_id']}_{row['finding']},{p['normal_mild']},{p['moderate']},{p['severe']}", file=oof)
PYTHON

# What an export is for. Golden tensors hold probabilities: softmax of the logits that PyTorch gave.
if "$LUMBARGRADE" --version | grep -q 'LibTorch 2\.11\.'; then
  "$python" - "$examples/channels.safetensors" <<'PYTHON'
import json, struct, sys
import numpy as np
data = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", data[:8])[0]
first, last = json.loads(data[8 : 8 + length])["output.grade"]["data_offsets"]
body = bytearray(data[8 + length :])
e = np.exp(np.frombuffer(bytes(body[first:last]), "<f4").reshape(-1, 3))
body[first:last] = (e / e.sum(1, keepdims=True)).astype("<f4").tobytes()
open("golden.safetensors", "wb").write(data[: 8 + length] + bytes(body))
PYTHON
  expect_exit 0 lumbargrade bundle import --exported "$examples/channels.pt2" --golden golden.safetensors --crops crops \
    --condition canal --out-of-fold oof.csv --out bundle
  expect_exit 0 lumbargrade model verify bundle
  expect_exit 0 lumbargrade grade "data/train_images/$(ls data/train_images | head -n 1)" --bundle bundle
  [[ $(grep -c spinal_canal .stdout) == 5 ]] || fail_test "not five canal rows"
fi

# The same again is the same; the cache is used.
expect_exit 0 lumbargrade crops --export again --data data --recipe tiny.json --cache cache
expect_stderr "are used again"
diff -r crops again > /dev/null || fail_test "another export of the same data"
expect_exit 1 lumbargrade crops --export crops --data data --recipe tiny.json
expect_stderr "is there already"
expect_exit 2 lumbargrade crops --export none --data data
expect_stderr "--export goes with --data and --recipe"
expect_exit 2 lumbargrade crops --export none --data data --recipe no_such_recipe
expect_exit 2 lumbargrade crops data/train_images
[[ ! -e none && ! -e none.partial ]] || fail_test "something half written stays"
