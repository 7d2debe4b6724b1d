# Trains the jobs of `lumbargrade train challenge` with Snakemake, one rule run per job, then makes the bundle:
#
#     snakemake -s scripts/cluster/train.smk --cores 8 --config data=rsna recipe=fast out=fast threads=2
#
# `program` names the tool, `options` more of its options. A recipe that drops suspect labels trains every job
# twice. tests/cluster/train_snakemake_test runs this.
import shlex
import subprocess

program = config.get("program", "lumbargrade")
data = config["data"]
recipe = config["recipe"]
out = config["out"]
threads_of_job = int(config.get("threads", 1))
options = config.get("options", "")
command = [program, "train", "challenge", "--data", data, "--recipe", recipe, "--out", out]
calls = subprocess.run(command + ["--list-jobs"], check=True, capture_output=True, text=True).stdout.split()
jobs = sorted(set(calls))
passes = len(calls) // len(jobs)
call = shlex.join(command) + f" --threads {threads_of_job} {options}"


def done(number):
    """Beside the output, which belongs to the tool."""
    return expand(out + ".done/" + str(number) + "/{job}", job=[job.replace(":", "-") for job in jobs])


rule bundle:
    input:
        done(passes),
    output:
        out + "/manifest.json",
    threads: threads_of_job
    shell:
        "{call}"


rule job:
    input:
        lambda wildcards: done(int(wildcards.number) - 1) if int(wildcards.number) > 1 else [],
    output:
        touch(out + ".done/{number}/{entry}-{fold}"),
    wildcard_constraints:
        number=r"\d+",
        entry=r"\d+",
        fold=r"\d+",
    threads: threads_of_job
    shell:
        "{call} --only {wildcards.entry}:{wildcards.fold}"
