# `node` receives a study, grades it as `grade` does, sends the results once, grades it again when it grows, and tells no
# patient's name.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
. "$(dirname "$0")/node_lib.sh"
images=("$LUMBARGRADE_TEST_DATA"/example_study/900107/*/*.dcm)
((${#images[@]} > 12)) || fail_test "the example has ${#images[@]} images"
uid=$(study_uid "${images[0]}")

# What the configuration says is explained; what is wrong in it is told with its line.
expect_exit 2 lumbargrade node missing.conf
write_configuration "quiet_s = 2" "quite_s = 3"
expect_exit 2 lumbargrade node node.conf
expect_stderr 'node.conf:6: [node] has no key quite_s; did you mean "quiet_s"?'
write_configuration "quiet_s = 2"
expect_exit 1 lumbargrade node --status node.conf
expect_stderr "no node was started"
expect_exit 0 lumbargrade node --check node.conf
expect_stdout "line 5: [node] quiet_s = 2: a study is complete when nothing has come for this many seconds"
expect_stdout "default: [node] ae_title = LUMBARGRADE"
expect_stderr 'does not answer now'

start_node
expect_exit 1 lumbargrade node node.conf
expect_stderr "is in use by process"
expect_exit 0 lumbargrade node --status node.conf
expect_stdout '"state": "running"'
# Strangers.
expect_exit 1 echoscu -aet STRANGER -aec LUMBARGRADE 127.0.0.1 "$node_port"
expect_exit 1 echoscu -aet MODALITY -aec OTHER 127.0.0.1 "$node_port"
expect_said '"STRANGER" is no sender that may send from there'
expect_said 'it calls "OTHER"'
head -c 5000 /dev/urandom >"/dev/tcp/127.0.0.1/$node_port"

# Part of a study, while the peer is down; then the peer comes.
expect_exit 0 send "${images[@]:0:12}"
expect_said "study $uid graded"
expect_said '"PEER": '
mkdir peer
storescp -aet PEER +B -od peer "$peer_port" >storescp.log 2>&1 &
started+=("$!")
wait_for 90 peer_has 8 || fail_node "the peer has $(find peer -type f | wc -l) instances"
# As `grade` has it, to the byte.
expect_exit 0 lumbargrade grade "node/incoming/$uid" --threads 1 -o direct --dicom sr,sc,seg
diff direct/grades.csv node/results/grades.csv || fail_test "another table than grade's"
for file in direct/dicom/*; do
  cmp "$file" "node/results/reports/$uid/dicom/$(basename "$file")" || fail_test "another $(basename "$file") than grade's"
done
values() { dcmdump -q +L "$1" | sed -n '/^# Dicom-Data-Set/,$p'; }
instance_of() { dcmdump -q +P SOPInstanceUID "$1" | sed 's/.*\[\(.*\)\].*/\1/'; }
for file in direct/dicom/*; do
  arrived=$(echo peer/*"$(instance_of "$file")")
  diff <(values "$file") <(values "$arrived") >/dev/null || fail_test "$(basename "$file") arrived changed"
done
expect_file "node/results/reports/$uid/report.html"
expect_file node/results/index.html

# The same images again, and its own results: nothing new. The rest of the study: graded anew, under other UIDs.
expect_exit 0 send "${images[@]:0:3}"
expect_exit 0 send direct/dicom/sr.dcm direct/dicom/seg.dcm
expect_said "2 objects from \"MODALITY\" are no MR images and were left out"
sleep 4
expect_equal 1 "$(grep -c "study $uid graded" node.log)" "times that the study was graded"
expect_exit 0 send "${images[@]:12}"
expect_said "it has grown or changed since it was graded"
wait_for 90 peer_has 16 || fail_node "the peer has $(find peer -type f | wc -l) instances"
expect_exit 0 lumbargrade node --status node.conf
wait_for 10 grep -q '"waiting": 0' node/status.json || fail_node "something waits to be sent: $(cat node/status.json)"
# A study that cannot be graded is told once.
cp "${images[0]}" axial.dcm
dcmodify -q -nb -m '(0020,000D)=1.2.3.4' -m '(0008,0018)=1.2.3.5' -m '(0020,0037)=1\0\0\0\1\0' axial.dcm
expect_exit 0 send axial.dcm
expect_said "study 1.2.3.4 failed: "
wait_for 10 grep -q '^1.2.3.4,' node/results/failures.csv || fail_node "failures.csv lacks it"
stop_node
expect_exit 1 lumbargrade node --status node.conf
expect_stdout '"state": "stopped"'

# After a new start nothing is graded or sent again.
start_node
# The processes that receive and send are started again when they die.
for companion in $(ps -o pid= --ppid "$node"); do kill -KILL "$companion"; done
expect_said "the process that receives has died; it is started again"
expect_said "the process that sends has died; it is started again"
wait_for 20 echoscu -aet MODALITY -aec LUMBARGRADE 127.0.0.1 "$node_port" || fail_node "nobody receives any more"
sleep 3
expect_equal 2 "$(grep -c "study $uid graded" node.log)" "times that the study was graded"
expect_equal 1 "$(grep -c "study 1.2.3.4 failed" node.log)" "times that the failure was told"
peer_has 16 || fail_node "the peer has $(find peer -type f | wc -l) instances"
stop_node
if grep -aqE "$(dcmdump -q +P PatientName +P PatientID "${images[0]}" | grep -o '\[[^]]*\]' | tr -d '[]' | sed 's/[\^.]/\\&/g' | grep . | paste -sd '|')" node.log node.out node/status.json; then
  fail_test "a patient attribute is told"
fi
