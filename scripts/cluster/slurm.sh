#!/bin/bash
# A Slurm array that grades a data set, one shard per task:
#
#     sbatch --array=1-16 scripts/cluster/slurm.sh DATASET OUT [OPTIONS OF BATCH]
#     lumbargrade merge OUT        # when all tasks are done
#
# A task that was killed resumes where it stopped when the same command is given again. LUMBARGRADE names the program.
# tests/cluster/slurm_test runs this on a real Slurm.
#SBATCH --job-name=lumbargrade
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --requeue
set -euo pipefail

dataset=${1:?usage: sbatch --array=1-N slurm.sh DATASET OUT}
output=${2:?usage: sbatch --array=1-N slurm.sh DATASET OUT}
shift 2

# The shard comes from SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT. Exit code 3, some studies failed, is no failure of
# the task: failures.csv will name them.
status=0
"${LUMBARGRADE:-lumbargrade}" batch "$dataset" -o "$output" --jobs "${SLURM_CPUS_PER_TASK:-1}" --progress plain "$@" ||
  status=$?
[[ $status == 3 ]] || exit "$status"
