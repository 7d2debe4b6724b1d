# `grade --report` writes a picture, a page that needs nothing else, and JSON that says what the table says.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
study=$LUMBARGRADE_TEST_DATA/example_study/900107
python=$LUMBARGRADE_SOURCE/.venv/bin/python

expect_exit 2 lumbargrade grade "$study" --report
expect_stderr "-o"
expect_exit 0 lumbargrade grade "$study" -o out --report
for file in grades.csv run.json grades.json overview.png report.html; do expect_file "out/$file"; done
(($(stat -c %s out/report.html) < 3000000)) || fail_test "report.html is larger than 3 MB"
if grep -qE '(src|href)="?(https?:)?//|<script|<link|@import|url\(' out/report.html; then
  fail_test "report.html asks for something outside itself"
fi
expect_equal 25 "$(grep -c 'class="finding"' out/report.html)" "findings on the page"
grep -q 'no sagittal T1, axial T2' out/report.html || fail_test "the page does not tell what is missing"
grep -q 'Research use only' out/report.html || fail_test "the page does not say research use only"
if grep -q '{{' out/report.html; then fail_test "a place of the template was left empty"; fi
# Without --force nothing is overwritten, and before anything is computed.
rm out/grades.csv
expect_exit 1 lumbargrade grade "$study" -o out --report
expect_stderr "--force"
# With it, nothing of an earlier run stays beside the new grades.
cp -r out another
expect_exit 0 lumbargrade grade "$study" -o another --force --attention another/attention.csv
expect_no_file another/report.html
expect_no_file another/overview.png
expect_no_file another/grades.json
expect_exit 0 lumbargrade grade "$study" -o new/folder --attention new/folder/attention.csv
expect_file new/folder/attention.csv

[[ -x $python ]] || skip "no Python references"
expect_exit 0 lumbargrade grade "$study" -o again --report
expect_exit 0 lumbargrade grade "$study" --format wide
cp .stdout wide.csv
expect_exit 0 lumbargrade grade "$study" --format json --prior again
cp .stdout with_prior.json
"$python" - with_prior.json "$LUMBARGRADE_SOURCE/docs/outputs.md" <<'PY' || fail_test "docs/outputs.md describes other keys than grades.json has"
import json, re, sys
data = json.load(open(sys.argv[1]))
section = re.search(r"^## grades.json\n.*?(?=^#)", open(sys.argv[2]).read(), re.M | re.S)[0]
rows = [row.split("|") for row in section.splitlines() if row.startswith("| `")]
described = {key for row in rows for key in re.findall(r"`(\w+)`", row[1])}
assert described == set(data), described ^ set(data)
words = {row[1].split("`")[1]: set(re.findall(r"`(\w+)`", row[2])) for row in rows}
def keys(value):
    if isinstance(value, list): return set().union(*map(keys, value)) if value else set()
    return set(value).union(*map(keys, value.values())) if isinstance(value, dict) else set()
for name in ("series", "spine", "grades", "prior", "created_utc"):
    found = keys(data[name]) if name != "created_utc" else set(data["bundle"])
    assert found <= words[name], (name, found - words[name])
    assert len(found) > 2
PY
"$python" - again wide.csv <<'PY' || fail_test "JSON, wide table, page or picture differ from grades.csv"
import base64, csv, html.parser, json, re, struct, sys
folder, wide_file = sys.argv[1:]
rows = list(csv.DictReader(open(folder + "/grades.csv")))
data = json.load(open(folder + "/grades.json"))
assert data["format_version"] == 1 and data["notice"].startswith("research use only")
assert len(data["grades"]) == len(rows) == 25
wide = next(csv.DictReader(open(wide_file)))
for row, grade in zip(rows, data["grades"]):
    assert (row["condition"], row["level"]) == (grade["condition"], grade["level"])
    assert row["side"] == (grade["side"] or "")
    for name in ("normal_mild", "moderate", "severe"):
        assert float(row[name]) == grade["probabilities"][name]
    for axis, key in enumerate(("x_mm", "y_mm", "z_mm")):
        assert (row[key] == "") == (grade["point_mm"] is None)
        if row[key]: assert abs(float(row[key]) - grade["point_mm"][axis]) < 1e-3
    assert row["flags"].split() == grade["flags"]
    assert row["grade"] == grade["grade"] == wide[grade["finding"]]
    assert row["severe"] == wide[grade["finding"] + "_severe"]

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(); self.open = []; self.images = []; self.ids = []
    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes: self.ids.append(attributes["id"])
        if tag == "img":
            assert attributes.get("alt"), "an image without alternative text"
            self.images.append(attributes)
        if tag not in ("img", "meta", "br"): self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
page = Page()
page.feed(open(folder + "/report.html").read())
assert not page.open and len(set(page.ids)) == len(page.ids), "the page is not well formed"
for image in page.images:
    png = base64.b64decode(image["src"].split(",", 1)[1])
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (int(image["width"]), int(image["height"]))
overview = open(folder + "/overview.png", "rb").read()
width, height = struct.unpack(">II", overview[16:24])
assert 900 <= width <= 1100 and height > 700
PY
