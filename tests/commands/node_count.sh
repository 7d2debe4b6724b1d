# With count_at a quiet study of which the archive has more images waits for them.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
. "$(dirname "$0")/node_lib.sh"
images=("$LUMBARGRADE_TEST_DATA"/example_study/900107/*/*.dcm)
start_archive
expect_exit 0 storescu -R -xt -aec PEER 127.0.0.1 "$peer_port" "${images[@]}"
write_configuration "quiet_s = 2" "count_at = PEER"
sed -i 's/threads = 1/threads = 1\nresults = sr/' node.conf
start_node
expect_exit 0 send "${images[@]:0:9}"
expect_said "9 of ${#images[@]} images have come; it waits"
expect_exit 0 send "${images[@]:9}"
wait_for 30 said "\"PEER\" has taken 1 of 1" || fail_node "no result was sent"
expect_equal 1 "$(grep -c " graded (" node.log)" "times that the study was graded"
stop_node
