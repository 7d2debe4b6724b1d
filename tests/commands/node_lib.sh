# Sourced by the tests of `lumbargrade node`, after lib.sh. All traffic stays on the loopback.
for program in storescu storescp echoscu dcmdump; do
  command -v "$program" >/dev/null || skip "no $program (package dcmtk)"
done
# Names of DCMTK's programs may be those of other packages (pynetdicom has a storescu): Debian's are in /usr/bin.
PATH=/usr/bin:$PATH

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

started=()
stop_all() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null; done
  rm -rf "$WORK"
}
trap stop_all EXIT

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local limit=$((10 * $1)) i
  shift
  for ((i = 0; i < limit; ++i)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  return 1
}

node_port=$(free_port)
peer_port=$(free_port)
# write_configuration LINE...: a node with one sender and one peer; lines of [node] beyond the usual.
write_configuration() {
  {
    printf '[node]\nfolder = %s\nport = %s\ntimeout_s = 5\n' "$WORK/node" "$node_port"
    printf '%s\n' "$@"
    printf '[grading]\nthreads = 1\n[sender MODALITY]\naddress = 127.0.0.1\n'
    printf '[peer PEER]\naddress = 127.0.0.1\nport = %s\nretry_s = 1\n' "$peer_port"
  } >node.conf
}
start_node() {
  "$LUMBARGRADE" node node.conf >>node.out 2>>node.log &
  node=$!
  started+=("$node")
  wait_for 60 echoscu -aet MODALITY -aec LUMBARGRADE 127.0.0.1 "$node_port" || fail_node "it does not answer"
}
stop_node() {
  kill "$node"
  local code=0
  wait "$node" || code=$?
  expect_equal 0 "$code" "exit code of a node after SIGTERM"
}
fail_node() {
  echo "FAILED: $*"
  tail -n 60 node.log
  exit 1
}
send() { storescu -R -xt -aet MODALITY -aec LUMBARGRADE 127.0.0.1 "$node_port" "$@"; }
peer_has() { [[ $(find peer -type f | wc -l) == "$1" ]]; }
# An archive at the peer's port that answers C-FIND; it keeps its objects in the folder peer.
start_archive() {
  command -v dcmqrscp >/dev/null || skip "no dcmqrscp (package dcmtk)"
  mkdir peer
  cat >archive.conf <<EOF
NetworkTCPPort = $peer_port
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
PEER $PWD/peer RW (1000, 1024mb) ANY
AETable END
EOF
  dcmqrscp -v +xt -c archive.conf >archive.log 2>&1 &
  started+=("$!")
  wait_for 20 echoscu -aec PEER 127.0.0.1 "$peer_port" || fail_test "the archive does not start: $(cat archive.log)"
}
study_uid() { dcmdump -q +P StudyInstanceUID "$1" | sed 's/.*\[\(.*\)\].*/\1/'; }
said() { grep -qF -- "$1" node.log; }
expect_said() { wait_for 60 said "$1" || fail_node "the log lacks: $1"; }
