# Killed by SIGKILL at any moment and started again, `batch` ends with the bytes of an undisturbed run.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
mkdir data
for study in 1 2 3 4 5 6; do ln -s "$example" "data/$study"; done

expect_exit 0 lumbargrade batch data -o undisturbed --jobs 2 --deterministic
kills=0
for wait in ${LUMBARGRADE_KILL_MOMENTS:-0.1 0.9 1.3 1.7 2.1 2.5}; do
  "$LUMBARGRADE" batch data -o killed --jobs 2 --deterministic 2> .stderr &
  sleep "$wait"
  kill -KILL $! 2> /dev/null && kills=$((kills + 1))
  wait $! 2> /dev/null
done
[[ $kills -gt 2 ]] || fail_test "the runs ended before they could be killed"
expect_exit 0 lumbargrade batch data -o killed --jobs 2 --deterministic
cmp undisturbed/grades.csv killed/grades.csv || fail_test "other bytes after being killed"
cmp undisturbed/failures.csv killed/failures.csv || fail_test "other failures after being killed"
