# A disk that is full: images are refused and the sender told; with room again they come in and are graded. A result that
# finds no room is made once there is some.
if [[ -z ${LUMBARGRADE_OWN_MOUNTS:-} ]]; then
  if ! unshare --map-root-user --mount true 2>/dev/null; then
    echo "SKIPPED: no right to mount a small disk"
    exit 77
  fi
  LUMBARGRADE_OWN_MOUNTS=1 exec unshare --map-root-user --mount bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
. "$(dirname "$0")/node_lib.sh"
images=("$LUMBARGRADE_TEST_DATA"/example_study/900107/*/*.dcm)
mkdir node peer
mount -t tmpfs -o size=80m none node
trap 'stop_all 2>/dev/null; umount node; cd /; rm -rf "$WORK"' EXIT
storescp -aet PEER -od peer +xa -pm "$peer_port" >peer.log 2>&1 &
started+=("$!")
# fill KILOBYTES: leaves that much.
fill() {
  local free
  free=$(df --output=avail -k node | tail -n 1)
  head -c $((1024 * (free - $1))) /dev/zero >node/filler
}
write_configuration "quiet_s = 3"
start_node

fill 20000
if send "${images[@]}" >sent.log 2>&1; then fail_node "images were taken by a full disk"; fi
expect_said "are refused: the disk has"
echoscu -aet MODALITY -aec LUMBARGRADE 127.0.0.1 "$node_port" || fail_node "it is gone after a full disk"
rm node/filler
expect_exit 0 send "${images[@]}"
# The images are there; the results have no room.
fill 0
expect_said "studies wait: cannot write"
rm node/filler
wait_for 120 peer_has 8 || fail_node "the results did not come once there was room: $(find peer -type f | wc -l) of 8"
stop_node
if grep -E "Sanitizer|ended by signal|has died" node.log; then fail_node "a process of the node crashed"; fi
