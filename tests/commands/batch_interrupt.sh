# Ctrl-C lets the studies at work finish, says how to resume, and the same command does. A cluster's SIGTERM goes to
# every process of a job: to the workers as well, which must not take it for a crash of their study.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
mkdir data
for study in 1 2 3 4 5 6 7 8; do ln -s "$LUMBARGRADE_TEST_DATA/example_study/900107" "data/$study"; done

for signal in INT TERM; do
  setsid "$LUMBARGRADE" batch data -o out$signal --jobs 2 2> .stderr &
  batch=$!
  for ((i = 0; i < 300; ++i)); do [[ -n $(ls out$signal/shards/1-of-1/studies 2> /dev/null) ]] && break; sleep 0.1; done
  kill -$signal -- -$batch
  status=0
  wait $batch || status=$?
  expect_equal 1 "$status" "exit code after SIG$signal"
  expect_stderr "the studies at work are finished first"
  expect_stderr "0 failed"
  expect_stderr "the same command resumes where it stopped"
  expect_no_file out$signal/grades.csv
  expect_exit 0 lumbargrade batch data -o out$signal --jobs 2
  expect_stderr "are finished already"
  expect_equal 201 "$(wc -l < out$signal/grades.csv)" "lines of grades.csv"
done
