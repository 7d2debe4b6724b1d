# A node that is killed again and again loses no study and sends no result twice: NODE_STUDIES studies (2), NODE_KILLS
# kills (4) at random moments; by hand with 200 and 20. The peer is an archive that answers C-FIND.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
. "$(dirname "$0")/node_lib.sh"
studies=${NODE_STUDIES:-2} kills=${NODE_KILLS:-4}
expect_exit 0 lumbargrade phantom -o ph --studies "$studies" --seed 9 --sagittal-matrix 256 --axial-matrix 128

start_archive
write_configuration "quiet_s = 3" "max_associations = 40"
sed -i 's/threads = 1/threads = 1\nresults = sr/' node.conf
start_node

# Every sender repeats its study until all of it was taken.
senders=()
for study in ph/train_images/*; do
  (until send +sd +r "$study" >/dev/null 2>&1; do sleep 0.2; done) &
  senders+=("$!")
  started+=("$!")
done
for ((i = 0; i < kills; ++i)); do
  sleep "$((RANDOM % 5)).$((RANDOM % 10))"
  kill -KILL "$node"
  wait "$node" 2>/dev/null
  start_node
done
for pid in "${senders[@]}"; do wait "$pid"; done
all_sent() { grep -q "\"graded\": $studies" node/status.json && grep -q '"waiting": 0' node/status.json && grep -q "\"sent\": $studies" node/status.json; }
wait_for $((60 + 10 * studies)) all_sent || fail_node "not all was graded and sent: $(cat node/status.json)"
stop_node

expect_equal "$studies" "$(find node/results/reports -name sr.dcm | wc -l)" "studies with a report"
expect_equal "$((25 * studies + 1))" "$(wc -l <node/results/grades.csv)" "rows of grades.csv"
instances() { for file in "$@"; do dcmdump -q +P SOPInstanceUID "$file" | grep -o '\[.*\]'; done | sort; }
diff <(instances node/results/reports/*/dicom/sr.dcm) <(instances $(find peer -type f -name 'SR*')) ||
  fail_test "the peer has other instances than were made"
expect_equal "$studies" "$(find peer -type f -name 'SR*' | wc -l)" "results in the peer"
