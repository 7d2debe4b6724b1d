# A full disk and an output that cannot be written stop `batch` with a clear word; what was finished counts afterwards.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
mkdir data
for study in 1 2 3 4; do ln -s "$example" "data/$study"; done
expect_exit 0 lumbargrade batch data -o undisturbed --jobs 2 --deterministic

# Rights do not bind root, so its capabilities to pass over them are taken away.
unprivileged() {
  if [[ $EUID == 0 ]]; then
    setpriv --bounding-set=-dac_override,-dac_read_search,-fowner "$@"
  else
    "$@"
  fi
}
mkdir locked
chmod 555 locked
expect_exit 1 unprivileged "$LUMBARGRADE" batch data -o locked
expect_stderr "cannot write into"
expect_stderr "Permission denied"

mkdir small
mount -t tmpfs -o size=48k tmpfs small 2> /dev/null || skip "mounting is not allowed here; the read-only output passed"
trap 'umount -l "$WORK/small"; rm -rf "$WORK"' EXIT
# With a filler, space ends within a study's result; without it, within the tables.
for filler_kib in 28 16 0; do
  rm -rf small/*
  ((filler_kib == 0)) || dd if=/dev/zero of=small/filler bs=1024 count=$filler_kib status=none
  expect_exit 1 lumbargrade batch data -o small/out --jobs 2 --deterministic
  expect_stderr "No space left on device"
  expect_no_file small/out/grades.csv
  rm -f small/filler
  mount -o remount,size=4m small
  expect_exit 0 lumbargrade batch data -o small/out --jobs 2 --deterministic
  cmp undisturbed/grades.csv small/out/grades.csv || fail_test "other bytes after a full disk ($filler_kib KiB)"
  rm -rf small/*
  mount -o remount,size=48k small
done
