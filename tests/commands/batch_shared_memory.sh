# Workers of a batch share what was loaded: it is loaded once, by a process of one thread, and the workers hold most of it
# in pages that they have in common. A worker that is killed costs its study and nothing else; the process that loaded
# costs nothing.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
readonly LEAST_SHARED_KIB=40960  # of about 75 MiB that LibTorch and the bundle write while they load
mkdir data
for study in 1 2 3 4 5 6; do ln -s "$LUMBARGRADE_TEST_DATA/example_study/900107" "data/$study"; done

"$LUMBARGRADE" batch data -o out --jobs 2 >.stdout 2>.stderr &
batch=$!

# children KIND: of the batch; requests come to a worker by a pipe, orders to the process that loads by a socket
children() {
  local pid
  for pid in $(cat /proc/$batch/task/$batch/children 2>/dev/null); do
    [[ $(readlink "/proc/$pid/fd/0") != $1:* ]] || echo "$pid"
  done
}
rollup() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" "/proc/$2/smaps_rollup"; }
wait_until() {
  for ((i = 0; i < 600; ++i)); do "$@" && return; kill -0 $batch 2>/dev/null || break; sleep 0.05; done
  fail_test "never came: $*"
}
has_two_workers() { (($(children pipe | wc -l) == 2)); }
has_result() { [[ -n $(ls out/shards/1-of-1/studies 2>/dev/null) ]]; }
has_another_fork_server() { [[ -n $(children socket) && $(children socket) != "$fork_server" ]]; }

wait_until has_two_workers
wait_until has_result
fork_server=$(children socket)
expect_equal 1 "$(ls "/proc/$fork_server/task" | wc -l)" "threads of the process that loads"
for worker in $(children pipe); do
  shared=$(rollup Shared_Dirty "$worker")
  ((shared >= LEAST_SHARED_KIB)) || fail_test "a worker shares $shared KiB of what was written while loading"
done
kill -KILL "$fork_server"
kill -KILL "$(children pipe | head -n 1)"
wait_until has_another_fork_server
status=0
wait $batch || status=$?
expect_equal 3 "$status" "exit code"
expect_equal 2 "$(wc -l <out/failures.csv)" "lines of failures.csv"
grep -q '^[1-6],process,"the process that read it was ended by signal 9' out/failures.csv || fail_test "$(cat out/failures.csv)"
expect_equal 126 "$(wc -l <out/grades.csv)" "lines of grades.csv"
