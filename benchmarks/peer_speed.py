#!/usr/bin/env python3
"""The program against the peer of peer_pytorch.py on the same studies, taken in turn so that a busy machine weighs on both
alike: medians of --runs.

    peer_speed.py PROGRAM --peer "PYTHON peer_pytorch.py --models MODELS" STUDY... [--threads 2] [--runs 7]

Prints wall and processor seconds and peak memory of one whole process on the first study, the stage that finds the
levels, and all studies: the peer in one process, the program as `batch` and as `grade` in a loop. The studies must lie in
one folder for `batch`."""
import argparse
import os
import re
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time


class Run:
    """One process: wall and processor seconds, peak MiB, what it told."""

    def __init__(self, command):
        with tempfile.TemporaryFile("w+") as told:
            begun = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
            _, status, usage = os.wait4(process.pid, 0)
            self.wall = time.perf_counter() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
            told.seek(0)
            self.told = told.read()
        if status != 0:
            raise SystemExit(f"{shlex.join(command)} failed: {self.told[-300:]}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.mib = usage.ru_maxrss / 1024

    def seconds(self, name):
        """Of a stage, as the program ("levels 812 ms") or the peer ("levels 1.234") tells it."""
        found = re.findall(rf"\b{name} ([0-9.]+)( ms)?", self.told)
        return sum(float(value) / (1000 if unit else 1) for value, unit in found)


def medians(runs, *figures):
    return [statistics.median(figure(run) for run in runs) for figure in figures]


def line(name, peer, own):
    print(f"{name:44} {peer:9.2f} {own:9.2f} {peer / own:7.1f} x")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("studies", nargs="+")
    parser.add_argument("--peer", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--one", action="store_true", help="one study only, no batch")
    arguments = parser.parse_args()
    threads = ["--threads", str(arguments.threads)]
    first = arguments.studies[0]
    peer_command = [*shlex.split(arguments.peer), *threads, "--times"]
    peer, own = [], []
    for _ in range(arguments.runs):
        peer.append(Run([*peer_command, first]))
        own.append(Run([arguments.program, "grade", first, *threads]))
    print(f"{os.cpu_count()} cores, {arguments.threads} threads, medians of {arguments.runs}\n"
          f"{'':44} {'peer':>9} {'program':>9}   ratio")
    wall, cpu, mib = (lambda run: run.wall), (lambda run: run.cpu), (lambda run: run.mib)
    for name, figure in (("one study, whole process, s", wall), ("the same, processor s", cpu), ("peak memory, MiB", mib),
                         ("levels, s", lambda run: run.seconds("levels"))):
        line(name, medians(peer, figure)[0], medians(own, figure)[0])
    line("levels against the peer's network passes, s", medians(peer, lambda run: run.seconds("networks"))[0],
         medians(own, lambda run: run.seconds("levels"))[0])
    if arguments.one:
        return
    loops, batches, peers = [], [], []
    for _ in range(max(1, arguments.runs // 2)):
        peers.append(Run([*peer_command, *arguments.studies]).wall)
        loops.append(sum(Run([arguments.program, "grade", study, *threads]).wall for study in arguments.studies))
        with tempfile.TemporaryDirectory() as folder:
            images = os.path.join(folder, "images")
            os.mkdir(images)
            for study in arguments.studies:
                shutil.copytree(study, os.path.join(images, os.path.basename(study.rstrip("/"))))
            out = os.path.join(folder, "out")
            batches.append(Run([arguments.program, "batch", images, "-o", out, "--jobs", str(arguments.threads)]).wall)
    count = len(arguments.studies)
    line(f"{count} studies: peer in one process, batch, s", statistics.median(peers), statistics.median(batches))
    line(f"{count} studies: grade in a loop, batch, s", statistics.median(loops), statistics.median(batches))


if __name__ == "__main__":
    main()
