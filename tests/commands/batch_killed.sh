# Killed by SIGKILL at random moments and started again, `batch` ends with the bytes of an undisturbed run.
# LUMBARGRADE_KILLS moments (benchmarks/batch asks for 50); a run that ended by itself is compared, and a new one begun.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
wanted=${LUMBARGRADE_KILLS:-2}
RANDOM=${LUMBARGRADE_SEED:-$$}
seed=$RANDOM
mkdir -p data/broken/1
echo "no DICOM" > data/broken/1/1.dcm
# Three slices each: short runs, so that many kills fall between reading, networks and writing.
mkdir -p small/1
for slice in 6 7 8; do ln -s "$example/9001072/$slice.dcm" small/1; done
for ((study = 1; study <= 5; ++study)); do ln -s ../small "data/$study"; done

began=$(date +%s%N)
expect_exit 3 lumbargrade batch data -o undisturbed --jobs 2 --deterministic
run_ms=$((($(date +%s%N) - began) / 1000000))

compare() {
  cmp undisturbed/grades.csv killed/grades.csv || fail_test "other bytes after being killed (seed $seed)"
  cmp undisturbed/failures.csv killed/failures.csv || fail_test "other failures after being killed (seed $seed)"
  [[ -z $(find killed -name '.lumbargrade-partial-*') ]] || fail_test "half-written files are left"
}

kills=0 whole=0
while ((kills < wanted)); do
  "$LUMBARGRADE" batch data -o killed --jobs 2 --deterministic 2> .stderr &
  # Anywhere between the start and the end that an undisturbed run would have.
  sleep "$(printf '%d.%03d' $(((wait_ms = (RANDOM * 32768 + RANDOM) % run_ms) / 1000)) $((wait_ms % 1000)))"
  if kill -KILL $! 2> /dev/null; then kills=$((kills + 1)); fi
  wait $! 2> /dev/null
  if [[ -e killed/grades.csv && -e killed/failures.csv ]]; then
    expect_exit 3 lumbargrade batch data -o killed --jobs 2 --deterministic
    compare
    rm -r killed
    whole=$((whole + 1))
  fi
done
expect_exit 3 lumbargrade batch data -o killed --jobs 2 --deterministic
compare
echo "$kills kills, $((whole + 1)) runs brought to their end, all equal"
