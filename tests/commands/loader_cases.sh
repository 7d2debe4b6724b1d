# Studies as other people's archives hold them are graded as the intact one, or refused or warned about by name.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"
expect_exit 0 lumbargrade phantom --studies 2 --seed 31 --sagittal-matrix 256 --axial-matrix 256 -o ph
base=ph/train_images/476200001
expect_exit 0 "$python" "$LUMBARGRADE_SOURCE/tests/commands/loader_cases.py" "$LUMBARGRADE" "$base" "$WORK/cases"
tail -n 1 "$WORK/.stdout"
