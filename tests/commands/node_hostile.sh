# A node outlives peers that do not behave: each is refused or given up, told on the log, and the next is served.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
. "$(dirname "$0")/node_lib.sh"
images=("$LUMBARGRADE_TEST_DATA"/example_study/900107/*/*.dcm)
python=$LUMBARGRADE_SOURCE/.venv/bin/python
[[ -x $python ]] || python=python3
command -v "$python" >/dev/null || skip "no Python"
write_configuration "quiet_s = 600" "quota_mb = 1" "max_associations = 3"
sed -i 's/timeout_s = 5/timeout_s = 2/' node.conf
start_node
still_serves() { echoscu -aet MODALITY -aec LUMBARGRADE 127.0.0.1 "$node_port" || fail_node "it is gone after: $1"; }
parts() { find node/incoming -name '.part-*' | wc -l; }

for how in drop silent huge contexts repeat nested garbage; do
  timeout 30 "$python" "$LUMBARGRADE_SOURCE/tests/commands/hostile_peer.py" "$how" "$node_port" MODALITY >hostile.log 2>&1 ||
    fail_node "$how: $(cat hostile.log)"
  still_serves "$how"
done
head -c 20000 /dev/urandom >"/dev/tcp/127.0.0.1/$node_port" || true
still_serves "random bytes"
expect_said "an association broke off after 0 images"
expect_said '"MODALITY" offers no MR images in a syntax that can be read'
wait_for 10 test "$(parts)" = 0 || fail_node "half an image was left behind"

# More connections than allowed: the rest is rejected, and room comes back.
hold=()
for _ in 1 2 3 4 5; do
  sleep 4 >"/dev/tcp/127.0.0.1/$node_port" &
  hold+=("$!")
done
expect_said "was rejected: 3 are open"
for pid in "${hold[@]}"; do wait "$pid"; done
wait_for 10 echoscu -aet MODALITY -aec LUMBARGRADE 127.0.0.1 "$node_port" || fail_node "no room came back"

# A kind of object that is not known.
cp "${images[0]}" ct.dcm
dcmodify -q -nb -m "(0008,0016)=1.2.840.10008.5.1.4.1.1.2" ct.dcm
if send ct.dcm >/dev/null 2>&1; then fail_test "a CT image was taken"; fi
# Another image under a UID that is there.
expect_exit 0 send "${images[0]}"
cp "${images[0]}" other.dcm
dcmodify -q -nb -i "(0020,4000)=other content" other.dcm
send -v other.dcm >store.log 2>&1
grep -qiE "0x?0?111|duplicate" store.log || fail_test "other content under a known UID: $(cat store.log)"
expect_said "is there with other content, which stays"
# Beyond the quota.
send "${images[@]}" >/dev/null 2>&1
expect_said "which is the quota (quota_mb)"
still_serves "a full disk"

# A port that is taken, and a folder that is.
sed "s|$WORK/node|$WORK/second|" node.conf >second.conf
expect_exit 1 lumbargrade node second.conf
expect_stderr "cannot listen on 127.0.0.1:$node_port"
stop_node
if grep -E "Sanitizer|ended by signal|has died" node.log; then fail_node "a process of the node crashed"; fi
