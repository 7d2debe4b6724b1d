# A PACS export, written by pydicom: nested folders, no extensions, a DICOMDIR beside them, two studies, and a localizer,
# a report, a PDF, a screenshot and an unknown codec among the images. As folder, DICOMDIR, zip and tar.
. "$(dirname "$0")/lib.sh"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"
uid=$("$python" "$LUMBARGRADE_SOURCE/tests/commands/make_pacs_export.py" \
  "$LUMBARGRADE_TEST_DATA/example_study/900107" "$WORK/export") || fail_test "pydicom wrote no export"
"$python" -m zipfile -c export.zip export/
tar -cf export.tar export
tar -czf export.tar.gz export

for path in export export/DICOMDIR export.zip export.tar export.tar.gz; do
  expect_exit 4 lumbargrade inspect "$path"
  expect_stderr "holds 2 studies"
  expect_stderr "$uid"

  expect_exit 0 lumbargrade inspect "$path" --study "$uid" --json
  roles=$("$python" -c '
import json, sys
for series in json.load(sys.stdin)["series"]:
    blocks = [[block["columns"], block["rows"], block["slices"]] for block in series["blocks"]]
    print(series["modality"], series["role"], series["used"], blocks if series["used"] else series["evidence"])
' < .stdout | sort)
  expect_equal "DOC none False no images
MR none False no usable images
MR none False sagittal, localizer
MR sagittal_t2 True [[512, 640, 14]]
OT none False no usable images
SR none False no images" "$roles" "roles of $path"

  expect_exit 0 lumbargrade inspect "$path" --study "$uid"
  expect_stdout "unsupported transfer syntax"
  expect_stdout "(1.2.840.10008.1.2.4.201)"
  expect_stdout "NEWCODEC"
  expect_exit 0 lumbargrade inspect "$path" --study 1.2.826.2
  expect_stdout "512x640x1"
done

# One folder too deep, and one file.
mkdir -p deep/er && mv export/PT000000/ST000001 deep/er/
expect_exit 0 lumbargrade inspect deep
expect_stdout "512x640x1"
expect_exit 0 lumbargrade inspect deep/er/ST000001/SE000000/IM000000
expect_stdout "512x640x1"
