# One network for several conditions, from the recipe to 25 rows: trained, killed and resumed, checked, shown, exported; and
# a second stage in the bundle, whose answers are computed here anew.
. "$(dirname "$0")/training_lib.sh"
cat > tiny.json <<JSON
{"name": "tiny", "origin": "a test", "needs": "seconds",
 "networks": [
  {$all_conditions,
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4, 8], "blocks": [1, 1]}, "pooling": "attention",
                  "hidden": 16, "dropout": 0.2}},
  {"condition": "spinal_canal_stenosis",
   "views": [{"series": "sagittal_t2", "anchor": "canal", "slices": 3, "size_px": 32, "pixel_mm": 1.2}],
   "parameters": {"backbone": "resnet", "backbone_options": {"widths": [4], "blocks": [1]}, "pooling": "mean"}}],
 "points": {"predicted": 1}, "augmentation": {"jitter_mm": 0, "jitter_slices": 0, "mixup": 0.2},
 "optimisation": {"epochs": 6, "studies_per_batch": 1, "patience": 9, "rate": 0.01}, "folds": 2}
JSON
expect_exit 0 lumbargrade phantom --studies 4 --seed 11 --sagittal-matrix 128 --axial-matrix 64 --vendor-quirks rsna -j 2 -o data
study=data/train_images/$(ls data/train_images | head -n 1)
rm data/train_label_coordinates.csv  # levels alone tell where to look
challenge() {
  ${EXEC:-} "$LUMBARGRADE" train challenge --data data --recipe tiny.json --threads 1 --deterministic --seed 4 --cache crops "$@"
}
job=0-canal_foraminal_subarticular-fold0

expect_exit 0 challenge --out whole --plan
expect_stdout "canal_foraminal_subarticular, fold 1"
expect_exit 0 challenge --out whole --list-jobs
expect_equal "0:0 0:1 1:0 1:1" "$(xargs < .stdout)" "jobs"
expect_exit 0 challenge --out whole
expect_stderr "the bundle holds what it says"
expect_stderr "job 0:0, canal_foraminal_subarticular, fold 0: held-out loss"
expect_loss_falls whole/checkpoint/$job/log.csv
head -n 1 whole/training/out_of_fold.csv | grep -q row_id && [[ $(wc -l < whole/training/out_of_fold.csv) == 101 ]] ||
  fail_test "not 25 rows for each of four studies out of fold"

# One job, killed, resumes to the same weights.
(EXEC=exec; challenge --out killed --only 0:0 --checkpoint-every 1) > .stdout 2> .stderr &
run=$!
for ((i = 0; i < 600; ++i)); do
  [[ -e killed/checkpoint/$job/checkpoint.safetensors ]] && break
  sleep 0.05
done
kill -KILL $run 2> /dev/null && wait $run 2> /dev/null
expect_file killed/checkpoint/$job/checkpoint.safetensors
expect_exit 0 challenge --out killed --only 0:0 --checkpoint-every 1
expect_stderr "job 0:0 is trained"
cmp {whole,killed}/checkpoint/$job/checkpoint.safetensors || fail_test "other weights after being killed"

expect_exit 0 lumbargrade model verify whole
expect_stdout "ok      canal_foraminal_subarticular_0_1: golden output"
expect_exit 0 lumbargrade model info whole
expect_stdout "Network: canal_foraminal_subarticular_0_0"
expect_stdout "(several_conditions)"
grep -q "canal_foraminal_subarticular_0_0 | canal_foraminal_subarticular | grader" whole/MODEL_CARD.md ||
  fail_test "the card does not say what the network does"
expect_exit 0 lumbargrade crops "$study" --bundle whole -o sheets
expect_equal "canal_sagittal_t2_32px.png foraminal_sagittal_t1_32px.png subarticular_axial_t2_32px.png" \
  "$(ls sheets | xargs)" "sheets of the bundle's views"

# `alone`: all rows from the networks; `stacked`: with a second stage of chosen weights. Its golden outputs are computed
# here, so that `model verify` compares two implementations.
python3 - <<'PYTHON' || fail_test "cannot write the second stage"
import hashlib, json, math, pathlib, random, shutil, struct
def write(path, tensors):
    header, body = {}, b""
    for name, (shape, values) in tensors.items():
        data = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return hashlib.sha256(path.read_bytes()).hexdigest()
def manifest_of(folder, change):
    shutil.copytree("whole", folder, ignore=shutil.ignore_patterns("checkpoint", "training"))
    path = pathlib.Path(folder) / "manifest.json"
    manifest = json.loads(path.read_text())
    for head in manifest["grading"]["heads"]:
        head.update(temperature=1, model_weight=1, measure_weight=0)
    change(manifest)
    path.write_text(json.dumps(manifest))
ROWS, LEVELS, CLASSES = 5, 5, 3  # left foramen, left recess, right foramen, right recess, canal
random.seed(3)
weight = [[[random.uniform(-.4, .4) for _ in range(3)] for _ in range(20)] for _ in range(15)]  # hears one level either way
offset = [[random.uniform(-.5, .5) for _ in range(LEVELS)] for _ in range(15)]
MIRROR = [2, 3, 0, 1, 4]
def log_softmax(row):
    top = max(row)
    total = math.log(sum(math.exp(v - top) for v in row)) + top
    return [v - total for v in row]
def one_way(heard):  # heard[row][level]: three values and whether a network looked
    def channel(c, level):
        if not 0 <= level < LEVELS: return 0
        return heard[c // 3][level][c % 3] if c < 15 else heard[c - 15][level][3]
    return [[offset[a][level] + sum(weight[a][c][k] * channel(c, level + k - 1) for c in range(20) for k in range(3))
             for level in range(LEVELS)] for a in range(15)]
def stack(logits, present):  # 25 x 3 and 25, findings in the order of rows and levels
    heard = []
    for row in range(ROWS):
        heard.append([])
        for level in range(LEVELS):
            own = [max(v, math.log(1e-3)) for v in log_softmax(logits[row * LEVELS + level])]
            mean = sum(own) / 3
            looked = present[row * LEVELS + level]
            heard[-1].append([(v - mean) * looked for v in own] + [float(looked)])
    this, other = one_way(heard), one_way([heard[MIRROR[row]] for row in range(ROWS)])
    said = []
    for row in range(ROWS):
        for level in range(LEVELS):
            own = logits[row * LEVELS + level] if present[row * LEVELS + level] else [0, 0, 0]
            said.append([own[c] + (this[3 * row + c][level] + other[3 * MIRROR[row] + c][level]) / 2 for c in range(3)])
    return said
def softmax(row): return [math.exp(v) for v in log_softmax(row)]
def add_stack(manifest):
    logits = [[random.gauss(0, 2) for _ in range(3)] for _ in range(25)]
    present = [int(random.random() < .8) for _ in range(25)]
    answers = [softmax(row) for row in stack(logits, present)]
    axes = [{"name": "finding", "size": 25}, {"name": "class", "size": 3}]
    network = {"role": "study_stack", "name": "study_stack", "architecture": "study_stack",
               "parameters": {"kind": "linear", "reach_levels": 1}, "file": "study_stack.safetensors",
               "sha256": write(pathlib.Path("stacked/study_stack.safetensors"),
                               {"hear.weight": ([15, 20, 3], sum(sum(weight, []), [])), "offset": ([15, 5], sum(offset, []))}),
               "inputs": [{"name": "logits", "axes": axes}, {"name": "present", "axes": axes[:1]}],
               "outputs": [{"name": "grade", "classes": ["normal_mild", "moderate", "severe"], "activation": "softmax",
                            "temperature": 1}],
               "golden": {"file": "study_stack_golden.safetensors", "tolerance": 1e-5,
                          "sha256": write(pathlib.Path("stacked/study_stack_golden.safetensors"), {
                              "input.logits": ([1, 25, 3], sum(logits, [])), "input.present": ([1, 25], present),
                              "output.grade": ([1, 3, 25], [answers[k][c] for c in range(3) for k in range(25)])})}}
    manifest["networks"].append(network)
manifest_of("alone", lambda manifest: None)
manifest_of("stacked", add_stack)
import os, subprocess
def stack_predictions(bundle):
    command = [os.environ["LUMBARGRADE"], "--quiet", "grade", "data/train_images/" + sorted(os.listdir("data/train_images"))[0],
               "--bundle", bundle, "--format", "json"]
    grades = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["grades"]
    assert len(grades) == 25 and all(grade["source"] == "network" for grade in grades), [g["source"] for g in grades]
    said = [next(p for p in grade["contributions"] if p["source"] == "network")["probabilities"] for grade in grades]
    return [[p["normal_mild"], p["moderate"], p["severe"]] for p in said]
alone, stacked = stack_predictions("alone"), stack_predictions("stacked")
expected = [softmax(row) for row in stack([[math.log(max(v, 1e-12)) for v in p] for p in alone], [1] * 25)]
far = max(abs(a - b) for p, q in zip(stacked, expected) for a, b in zip(p, q))
moved = max(abs(a - b) for p, q in zip(stacked, alone) for a, b in zip(p, q))
assert far < 1e-4 and moved > .05, (far, moved)
sides = max(abs(a - b) for p, q in zip(alone[:5], alone[10:15]) for a, b in zip(p, q))
assert sides > 1e-6, "both sides of all foramina have the same answers"
PYTHON
expect_exit 0 lumbargrade model verify stacked
expect_stdout "ok      study_stack: golden output"
expect_exit 0 lumbargrade grade "$study" --bundle stacked
expect_equal 26 "$(wc -l < .stdout)" "lines of grades.csv"

# A base bundle whose network grades several conditions together keeps it or loses it, but in no parts.
sed -e '/"conditions"/,/"dropout"/d' tiny.json > canal_alone.json
expect_exit 2 lumbargrade train grader --data data --recipe canal_alone.json --base whole --out parted
expect_stderr "grades canal_foraminal_subarticular together, of which only some would be replaced"
expect_no_file parted/checkpoint
sed 's/"name": "subarticular"/"name": "recess"/' whole/manifest.json > stacked/manifest.json
expect_exit 5 lumbargrade grade "$study" --bundle stacked
expect_stderr 'has "recess"; of the role several_conditions each is canal, foraminal or subarticular'
sed 's/"conditions"/"condition": "spinal_canal_stenosis", "conditions"/' tiny.json > both.json
expect_exit 2 lumbargrade train grader --data data --recipe both.json --out both
expect_stderr "networks[0].condition contradicts conditions"

# Exported crops: a row for each side of each level, with a label of each condition.
expect_exit 0 lumbargrade crops --export exported --data data --recipe tiny.json --cache crops
python3 - <<'PYTHON' || fail_test "the export is not as docs/pytorch.md says"
import csv, json
about = json.load(open("exported/crops.json"))
several, canal = about["networks"]
assert about["version"] == 2 and canal["condition"] == "spinal_canal_stenosis"
keys = ["spinal_canal_stenosis", "neural_foraminal_narrowing", "subarticular_stenosis"]
assert several["conditions"] == keys and [v["input"]["anchor"] for v in several["views"]] == ["canal", "foramen", "recess"]
labels = {r["study_id"]: r for r in csv.DictReader(open("data/train.csv"))}
words = {"Normal/Mild": "normal_mild", "Moderate": "moderate", "Severe": "severe"}
rows = list(csv.DictReader(open(f"exported/{several['folder']}/regions.csv")))
assert 0 < len(rows) == several["regions"] <= 40
for row in rows:
    truth = labels[row["study_id"]]
    for key in keys:
        side = "" if key.startswith("spinal") else row["side"] + "_"
        assert row[key] == words[truth[f"{side}{key}_{row['level']}"]], row
assert {row["side"] for row in rows} == {"left", "right"}
pixels = open(f"exported/{several['folder']}/{several['views'][1]['predicted']['pixels']}", "rb").read(128)
assert f"'shape': ({len(rows)},3,32,32,)".encode() in pixels, pixels
PYTHON
