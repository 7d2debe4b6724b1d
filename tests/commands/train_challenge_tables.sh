# `train challenge` and tables such as the challenge's are: both spellings, CRLF, gaps, coordinates outside of images,
# series without images, two series of one role; and tables that are wrong.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
cat > tiny.json <<JSON
{"name": "tiny", "origin": "a test", "needs": "seconds",
 "networks": [{"condition": "neural_foraminal_narrowing",
   "views": [{"series": "sagittal_t1", "anchor": "foramen", "slices": 3, "size_px": 32, "pixel_mm": 1.2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4], "blocks": [1]}, "pooling": "mean"}}],
 "optimisation": {"epochs": 1}, "folds": 2, "run_folds": [0]}
JSON
expect_exit 0 lumbargrade phantom --studies 4 --seed 8 --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 -o data
challenge() { "$LUMBARGRADE" train challenge --data data --recipe tiny.json --threads 1 --point-iterations 1 "$@"; }
cp -r data/*.csv .

python3 - <<'PY'
import csv, shutil
rows = list(csv.DictReader(open("train_label_coordinates.csv")))
spelt = [{key: row[key].lower().replace(" ", "_").replace("/", "_") if key in ("condition", "level") else row[key]
          for key in reversed(row)} | {"extra": "1"} for row in rows]
last = spelt[-1]["study_id"]
outside = next(row for row in spelt if "foraminal" in row["condition"] and row["study_id"] == last)
outside["x"] = "-7"
with open("data/train_label_coordinates.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, spelt[0].keys(), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(row for k, row in enumerate(spelt) if row is outside or k % 20)  # a twentieth is missing
labels = list(csv.DictReader(open("train.csv")))
for k, key in enumerate(labels[0]):
    if k % 6 == 3:
        labels[1][key] = ""
labels.append({key: "" for key in labels[0]} | {"study_id": labels[0]["study_id"] + "9"})
with open("data/train.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, labels[0].keys())
    writer.writeheader()
    writer.writerows(labels)
series = list(csv.DictReader(open("train_series_descriptions.csv")))
t1 = next(row for row in series if row["series_description"] == "Sagittal T1" and row["study_id"] != last)
shutil.copytree(f"data/train_images/{t1['study_id']}/{t1['series_id']}", f"data/train_images/{t1['study_id']}/123456789")
series += [dict(t1, series_id="123456789"), dict(t1, series_id="987654321")]  # twice the role; a series without images
with open("data/train_series_descriptions.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, series[0].keys())
    writer.writeheader()
    writer.writerows(series)
PY
mkdir -p "data/train_images/$(sed -n 2p train.csv | cut -d, -f1)9"  # one more study, of which nothing is labelled
expect_exit 0 challenge --out odd
expect_stderr "coordinates cannot be used, predicted points stand in"
grep -q "x -7, y .* lies outside the image of" odd/crops/misplaced.csv || fail_test "misplaced.csv does not say why"
grep -q "9,,no finding is labelled" odd/crops/skipped.csv || fail_test "skipped.csv does not tell the study without labels"
expect_exit 0 lumbargrade model verify odd

expect_wrong() { # expect_wrong TABLE LINE MESSAGE: the table with that last line
  cp *.csv data/
  echo "$2" >> "data/$1"
  expect_exit 2 challenge --out "wrong$((++count))"
  expect_stderr "$3"
  expect_stderr "$1"
  expect_no_file "wrong$count/manifest.json"
}
count=0
study=$(tail -n 1 train.csv | cut -d, -f1)
expect_wrong train_label_coordinates.csv "$study,1,1,Left Foraminal Narrowing,L1/L2,1,1" "unknown condition or level"
expect_wrong train_label_coordinates.csv "$study,1,one,Spinal Canal Stenosis,L1/L2,1,1" '"one"'
expect_wrong train.csv "7$study$(printf ',Mild%.0s' {1..25})" 'unknown grade "Mild"'
cp *.csv data/
sed -i '1s/series_id/series/' data/train_series_descriptions.csv
expect_exit 2 challenge --out header
expect_stderr "train_series_descriptions.csv"
sed 's/"epochs": 1/"epochs": 1}, "points": {"given": 0.5, "jittered": 0.4/' tiny.json > shares.json
expect_exit 2 lumbargrade train challenge --data data --recipe shares.json --out shares
expect_stderr "given, predicted and jittered must sum to 1, not 0.9"
