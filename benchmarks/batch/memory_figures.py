#!/usr/bin/env python3
"""What processes hold while they grade, as the kernel counts it.

    memory_figures.py PROGRAM STUDY [--jobs 4] [--studies 24]

Prints the peak of `grade` on STUDY (largest resident size, shared files included), with one thread and with two, and of
`batch` on links to STUDY the proportional set size (Pss of /proc/PID/smaps_rollup: private pages, and of shared ones the
share) of all its processes together while every worker grades: with one worker, with --jobs, and of each further worker,
the difference divided by their number. Samples are taken all the time; before every worker has ended its first study
they do not count."""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


def children(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def pss_mib(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def reads_a_pipe(pid):
    """A worker's requests come through a pipe."""
    try:
        return os.readlink(f"/proc/{pid}/fd/0").startswith("pipe:")
    except OSError:
        return False


def peak_of_one(program, study, threads):
    command = [program, "--quiet", "grade", study, "--threads", str(threads)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status != 0:
        raise SystemExit(f"{command} failed")
    return usage.ru_maxrss / 1024


def samples_of_batch(program, study, jobs, studies):
    """Of all processes together, and the largest of one worker, while `jobs` workers grade."""
    with tempfile.TemporaryDirectory() as folder:
        data, out = pathlib.Path(folder, "data"), pathlib.Path(folder, "out")
        data.mkdir()
        for number in range(studies):
            (data / str(number)).symlink_to(os.path.abspath(study))
        command = [program, "--quiet", "batch", str(data), "-o", str(out), "--jobs", str(jobs)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        sums, largest = [], 0.0
        while process.poll() is None:
            time.sleep(0.02)
            done = len(list(out.glob("shards/*/studies/*.csv")))
            processes = children(process.pid)
            workers = [pid for pid in processes if reads_a_pipe(pid)]
            if done < jobs or done > studies - jobs or len(workers) < jobs:
                continue
            of_workers = [pss_mib(pid) for pid in workers]
            largest = max(largest, *of_workers)
            sums.append(pss_mib(process.pid) + sum(of_workers) +
                        sum(pss_mib(pid) for pid in processes if pid not in workers))
        if process.returncode != 0 or not sums:
            raise SystemExit(f"{command}: exit code {process.returncode}, {len(sums)} samples")
        return sums, largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("study")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--studies", type=int, default=24)
    arguments = parser.parse_args()
    print("| memory | MiB |\n|---|---|")
    for threads in (1, 2):
        peaks = [peak_of_one(arguments.program, arguments.study, threads) for _ in range(3)]
        print(f"| peak of one study, {threads} thread{'s' * (threads > 1)} (median of 3) | {statistics.median(peaks):.0f} |")
    sums = {}
    for jobs in (1, arguments.jobs):
        sums[jobs], largest = samples_of_batch(arguments.program, arguments.study, jobs, arguments.studies)
        print(f"| batch, {jobs} workers at work: all processes, mean / largest; largest worker | "
              f"{statistics.mean(sums[jobs]):.0f} / {max(sums[jobs]):.0f}; {largest:.0f} |")
    further = arguments.jobs - 1
    mean, most = ((figure(sums[arguments.jobs]) - figure(sums[1])) / further for figure in (statistics.mean, max))
    print(f"| each further worker, mean / largest | {mean:.0f} / {most:.0f} |")


if __name__ == "__main__":
    main()
