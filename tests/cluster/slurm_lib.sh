# Sourced by the tests of scripts/cluster that want a real Slurm: munged, slurmctld and slurmd of Debian's packages as a
# cluster of this one machine (as root, in $WORK). start_slurm installs packages where they are missing.
readonly WORK=$(mktemp -d)
readonly NODE=$(hostname -s)
export SLURM_CONF=$WORK/slurm.conf
daemons=()

stop_cluster() {
  for ((i = ${#daemons[@]} - 1; i >= 0; --i)); do kill "${daemons[i]}" 2> /dev/null || true; done
  wait
  rm -rf "$WORK"
}
trap stop_cluster EXIT

write_configuration() {
  mkdir -p "$WORK/state" "$WORK/spool"
  cat > "$SLURM_CONF" << EOF
ClusterName=test
SlurmctldHost=$NODE(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$WORK/munge.socket
CredType=cred/munge
StateSaveLocation=$WORK/state
SlurmdSpoolDir=$WORK/spool
SlurmctldPidFile=$WORK/slurmctld.pid
SlurmdPidFile=$WORK/slurmd.pid
SlurmctldLogFile=$WORK/slurmctld.log
SlurmdLogFile=$WORK/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=60
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ { print int($2 / 1100) }' /proc/meminfo) State=UNKNOWN
PartitionName=test Nodes=$NODE Default=YES MaxTime=INFINITE State=UP
EOF
}

start_cluster() {
  dd if=/dev/urandom of="$WORK/munge.key" bs=1024 count=1 status=none
  chmod 600 "$WORK/munge.key"
  chmod 755 "$WORK"
  # --force: a key of its own in a folder below /tmp is for this test alone.
  munged --foreground --force --key-file="$WORK/munge.key" --socket="$WORK/munge.socket" --pid-file="$WORK/munged.pid" \
    --log-file="$WORK/munged.log" --seed-file="$WORK/munged.seed" 2> "$WORK/munged.err" &
  daemons+=($!)
  slurmctld -D &> "$WORK/slurmctld.out" &
  daemons+=($!)
  slurmd -D -N "$NODE" &> "$WORK/slurmd.out" &
  daemons+=($!)
  for ((i = 0; i < 60; ++i)); do
    [[ $(sinfo -h -o %t 2> /dev/null) == idle ]] && return
    sleep 1
  done
  tail -n 20 "$WORK"/*.log "$WORK"/*.out "$WORK"/*.err >&2
  fail_test "Slurm did not become ready"
}

start_slurm() {
  [[ $EUID == 0 ]] || fail_test "Slurm's daemons are started as root here"
  if ! command -v slurmctld slurmd munged sbatch > /dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install slurmctld slurmd slurm-client munge > /dev/null
  fi
  write_configuration
  start_cluster
}
