# A node with certificates takes secured connections alone, from those whose certificate its authority signed, and sends
# to its peers the same way; a certificate that has run out is told at once.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
. "$(dirname "$0")/node_lib.sh"
storescu --help >storescu_help.txt
grep -q -- "+tls" storescu_help.txt || skip "DCMTK's programs have no TLS"
images=("$LUMBARGRADE_TEST_DATA"/example_study/900107/*/*.dcm)

make_authority() {  # NAME
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" 2>/dev/null
}
sign() {  # NAME AUTHORITY DAYS
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -out "$1.pem" -days "$3" 2>/dev/null
}
# `openssl x509` of 3.5 signs nothing that has run out; `openssl ca` does.
sign_as_run_out() {  # NAME AUTHORITY
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  : >"$2.index" && echo 77 >"$2.serial"
  printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s\nserial=%s\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' \
    "$2.index" "$2.serial" >"$2.conf"
  openssl ca -batch -notext -config "$2.conf" -cert "$2.pem" -keyfile "$2.key" -in "$1.csr" -out "$1.pem" \
    -startdate 20200101000000Z -enddate 20200201000000Z 2>/dev/null
}
make_authority authority && make_authority stranger
sign node authority 2 && sign modality authority 2 && sign impostor stranger 2 && sign_as_run_out old authority
write_configuration "quiet_s = 2" "keep_images_days = 0"
sed -i 's/^threads = 1/threads = 1\nresults = sr/; s/^retry_s = 1/retry_s = 1\ntls = yes/' node.conf
printf '[tls]\ncertificate = %s\nkey = %s\nauthorities = %s\n' "$PWD/node.pem" "$PWD/node.key" "$PWD/authority.pem" >>node.conf
sed "s|$PWD/node.pem|$PWD/old.pem|; s|$PWD/node.key|$PWD/old.key|" node.conf >old.conf
expect_exit 1 lumbargrade node --check old.conf
expect_stderr "ran out on"
expect_exit 2 lumbargrade node old.conf
expect_stderr "ran out on"
sed "s|$PWD/node.key|$PWD/modality.key|" node.conf >wrong.conf
expect_exit 2 lumbargrade node wrong.conf
expect_stderr "is not the key of"
expect_exit 0 lumbargrade node --check node.conf
expect_stderr "the certificate runs out on"

mkdir peer
storescp -aet PEER +B -od peer +tls node.key node.pem +cf authority.pem "$peer_port" >storescp.log 2>&1 &
started+=("$!")
secured() { "$1" +tls "$2.key" "$2.pem" +cf authority.pem -aet MODALITY -aec LUMBARGRADE "${@:3}"; }
"$LUMBARGRADE" node node.conf 2>node.log &
node=$!
started+=("$node")
wait_for 60 secured echoscu modality 127.0.0.1 "$node_port" || fail_node "it does not answer"
# Without TLS, and with a certificate of nobody known.
expect_exit 1 echoscu -to 5 -aet MODALITY -aec LUMBARGRADE 127.0.0.1 "$node_port"
if secured echoscu impostor -to 5 127.0.0.1 "$node_port" >/dev/null 2>&1; then fail_node "an impostor was let in"; fi
expect_exit 0 secured storescu modality -R -xt 127.0.0.1 "$node_port" "${images[@]}"
wait_for 90 peer_has 1 || fail_node "the result was not sent"
# keep_images_days = 0: what was graded and sent needs no images.
no_images() { [[ -z $(ls node/incoming) ]]; }
wait_for 20 no_images || fail_node "images are kept"
stop_node
