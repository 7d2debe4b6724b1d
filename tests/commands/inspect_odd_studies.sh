# Studies as scanners and archives really hand them out get the right roles, and the evidence says why.
. "$(dirname "$0")/lib.sh"
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || skip "no .venv; scripts/test makes it"
expect_exit 0 "$python" "$LUMBARGRADE_SOURCE/tests/commands/odd_studies.py" "$LUMBARGRADE" "$WORK/odd"
tail -n 1 "$WORK/.stdout"
