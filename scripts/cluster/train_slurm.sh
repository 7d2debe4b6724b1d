#!/bin/bash
# A Slurm array that trains the jobs of `lumbargrade train challenge`, one per task, and a task after them that makes the
# bundle. Called by hand, it submits both:
#
#     scripts/cluster/train_slurm.sh DATA RECIPE OUT [OPTIONS OF TRAIN CHALLENGE]
#
# SBATCH_OPTIONS has more options of sbatch, such as "--gres=gpu:1 --time=12:00:00"; LUMBARGRADE names the program. A recipe
# that drops suspect labels trains every job twice: the second array waits for the first. What was cancelled resumes where
# it stopped when the same command is given again. tests/cluster/train_slurm_test runs this on a real Slurm.
#SBATCH --job-name=lumbargrade-train
#SBATCH --requeue
set -euo pipefail

readonly USAGE="usage: train_slurm.sh DATA RECIPE OUT [OPTIONS]"
readonly DATA=${1:?$USAGE} RECIPE=${2:?$USAGE} OUT=${3:?$USAGE}
shift 3
readonly PROGRAM=${LUMBARGRADE:-lumbargrade}
challenge() { "$PROGRAM" train challenge --data "$DATA" --recipe "$RECIPE" --out "$OUT" "$@"; }

if [[ -n ${SLURM_ARRAY_TASK_ID:-} ]]; then
  mapfile -t jobs < <(challenge --list-jobs "$@")
  challenge --threads "${SLURM_CPUS_PER_TASK:-1}" --only "${jobs[SLURM_ARRAY_TASK_ID]}" "$@"
elif [[ -n ${SLURM_JOB_ID:-} ]]; then
  challenge --threads "${SLURM_CPUS_PER_TASK:-1}" "$@"
else
  calls=$(challenge --list-jobs "$@")
  count=$(sort -u <<< "$calls" | wc -l)
  read -ra more <<< "${SBATCH_OPTIONS:-}"
  submit() { sbatch --parsable "${more[@]}" "$@"; }
  after=()
  for ((round = $(wc -l <<< "$calls") / count; round > 0; --round)); do
    job=$(submit --array="0-$((count - 1))" "${after[@]}" "$0" "$DATA" "$RECIPE" "$OUT" "$@")
    after=("--dependency=afterok:$job")
  done
  submit "${after[@]}" "$0" "$DATA" "$RECIPE" "$OUT" "$@"
fi
