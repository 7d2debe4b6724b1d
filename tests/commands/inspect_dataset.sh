# `inspect --csv` gives one row a study, whatever is wrong with it.
. "$(dirname "$0")/lib.sh"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
mkdir -p data/broken/1
echo "no DICOM" > data/broken/1/1.dcm
ln -s "$example" 'data/a "quoted", one'
ln -s "$example" $'data/M\xfcller'
for site in 1 2; do mkdir -p data/site$site; ln -s "$example" data/site$site/7; done
ln -s "$LUMBARGRADE_TEST_DATA/dicom/dcm_qa_decubitus/HFP" data/prone

expect_exit 3 lumbargrade inspect data --csv --jobs 2
expect_stderr "5 studies read, 1 not readable"
cp .stdout table.csv
expect_exit 0 python3 - << 'EOF'
import csv
with open("table.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
assert [row["study_id"] for row in rows] == ["M%FCller", 'a "quoted", one', "broken", "prone", "site1/7", "site2/7"], rows
example = rows[1]
assert example["roles"] == "sagittal_t2" and example["sagittal_t2"] == "9001072", example
assert (example["sagittal_t2_slices"], example["sagittal_t2_blocks"], example["files"]) == ("14", "1", "14"), example
assert example["axial_t2"] == "" and example["error"] == "", example
assert "no readable DICOM file" in rows[2]["error"] and rows[2]["roles"] == "", rows[2]
assert rows[5]["roles"] == "sagittal_t2" and rows[5]["error"] == "", rows[5]
EOF
# The geometry as the file's own header has it.
python=$LUMBARGRADE_SOURCE/.venv/bin/python
if [[ -x $python ]]; then
  expect_exit 0 "$python" - "$example" << 'EOF'
import csv, glob, sys
import numpy, pydicom
slices = [pydicom.dcmread(file, stop_before_pixels=True) for file in glob.glob(sys.argv[1] + "/*/*.dcm")]
row = list(csv.DictReader(open("table.csv", newline="", encoding="utf-8")))[1]
first = slices[0]
normal = numpy.cross(first.ImageOrientationPatient[:3], first.ImageOrientationPatient[3:])
places = sorted(float(numpy.dot(normal, one.ImagePositionPatient)) for one in slices)
expected = {"rows": first.Rows, "columns": first.Columns, "row_mm": first.PixelSpacing[0],
            "column_mm": first.PixelSpacing[1], "slice_mm": (places[-1] - places[0]) / (len(places) - 1)}
for name, value in expected.items():
    assert abs(float(row["sagittal_t2_" + name]) - float(value)) < 0.0011, (name, row["sagittal_t2_" + name], value)
EOF
fi

expect_exit 2 lumbargrade inspect data --jobs 2
expect_exit 4 lumbargrade inspect data/broken --csv
mkdir empty
expect_exit 4 lumbargrade inspect empty --csv
expect_stderr "no study found"
