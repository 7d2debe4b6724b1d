#!/usr/bin/env python3
"""Figures of `lumbargrade batch` on this machine, as Markdown tables: throughput, price, memory, scale, kills.

    benchmarks/batch/batch_figures.py PROGRAM [throughput] [price] [memory] [scale] [kills]

Uses only Python's own library. Studies are links to tests/data/example_study, or to --study. Cores that others use
meanwhile spoil the times: every time is the best of --repeat, and the load before is printed.
"""

import argparse
import csv
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tests/data/example_study/900107"


def link_studies(folder, count, study=EXAMPLE):
    """`count` links to one study."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05}").symlink_to(study)
    return folder


def small_study(folder, slices):
    """The example study with its `slices` middle slices."""
    files = sorted((EXAMPLE / "9001072").glob("*.dcm"), key=lambda file: int(file.stem))
    first = (len(files) - slices) // 2
    (folder / "1").mkdir(parents=True)
    for file in files[first : first + slices]:
        (folder / "1" / file.name).symlink_to(file)
    return folder


def run(program, *arguments, allowed=(0,)):
    began = time.monotonic()
    done = subprocess.run([program, "--quiet", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in allowed:
        raise SystemExit(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return time.monotonic() - began


def cpu_seconds():
    """Of all ended child processes and theirs: hardly moved by what else the machine does."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def grade_in_a_loop(program, data, out, *options):
    for study in sorted(data.iterdir()):
        run(program, "grade", study, "-o", out / study.name, *options)


def table_of_loop(out):
    rows = []
    for study in sorted(out.iterdir()):
        with open(study / "grades.csv", newline="") as file:
            rows += list(csv.reader(file))[1:]
    return rows


def table_of_batch(out):
    with open(out / "grades.csv", newline="") as file:
        return list(csv.reader(file))[1:]


def largest_difference(one, other):
    """Over all cells that are numbers; every other cell has to be equal."""
    assert len(one) == len(other)
    largest = 0.0
    for row, other_row in zip(one, other):
        for cell, other_cell in zip(row, other_row):
            if cell != other_cell:
                largest = max(largest, abs(float(cell) - float(other_cell)))
    return largest


def stage_seconds(out):
    """Reading, levels and networks of all studies, summed over the workers."""
    times = json.loads((out / "run.json").read_text())["times_ms"]
    return (times["read"] + times["levels"] + times["grade"]) / 1000


def throughput(program, work, repeat, count, study):
    jobs = len(os.sched_getaffinity(0))
    data = link_studies(work / "data", count, study)
    walls, loops, stages, loop_cpu, batch_cpu = [], [], [], [], []
    for _ in range(repeat):
        for name in ("loop", "batch"):
            shutil.rmtree(work / name, ignore_errors=True)
        began, cpu = time.monotonic(), cpu_seconds()
        grade_in_a_loop(program, data, work / "loop")
        loops.append(time.monotonic() - began)
        loop_cpu.append(cpu_seconds() - cpu)
        cpu = cpu_seconds()
        walls.append(run(program, "batch", data, "-o", work / "batch", "--jobs", jobs))
        batch_cpu.append(cpu_seconds() - cpu)
        # What the networks and the reading took within the workers, spread over the cores: the wall time of a run that
        # did nothing else. Taken from the same run, so that load by others meets both sides.
        stages.append(stage_seconds(work / "batch") / jobs)
    difference = largest_difference(table_of_loop(work / "loop"), table_of_batch(work / "batch"))
    grade_in_a_loop(program, data, work / "loop1", "--threads", 1)
    run(program, "batch", data, "-o", work / "deterministic", "--deterministic")
    same_bytes = table_of_loop(work / "loop1") == table_of_batch(work / "deterministic")
    overhead = min(wall / stage for wall, stage in zip(walls, stages))
    print(f"CPU seconds a study: loop {min(loop_cpu) / count:.2f}, batch {min(batch_cpu) / count:.2f}\n")
    print(f"| {count} studies, {jobs} cores | seconds | bar |\n|---|---|---|")
    print(f"| `grade` in a loop | {min(loops):.2f} ({min(loops) / count:.3f} a study) | |")
    print(f"| `batch --jobs {jobs}` | {min(walls):.2f} ({min(walls) / count:.3f} a study) | |")
    print(f"| speed-up | {min(loops) / min(walls):.2f} | >= 1.4 |")
    print(f"| wall / (reading and networks / cores) | {overhead:.3f} | <= 1.15 |")
    print(f"| largest difference of any number | {difference:.1g} | <= 1e-5 |")
    print(f"| `--deterministic` and a loop of `grade --threads 1`: same text | {same_bytes} | True |\n")


def price(program, work, repeat, count, study):
    """What the worker process costs, with one worker: once for its start, and per study beside the study's own stages."""
    data = {n: link_studies(work / f"price{n}", n, study) for n in (1, 1 + count)}
    seconds, beside = {}, {}
    for n, folder in data.items():
        walls, besides = [], []
        for _ in range(repeat):
            shutil.rmtree(work / "price_out", ignore_errors=True)
            walls.append(run(program, "batch", folder, "-o", work / "price_out", "--jobs", 1))
            besides.append(walls[-1] - stage_seconds(work / "price_out"))
        seconds[n], beside[n] = min(walls), min(besides)
    grades, program_starts = [], []
    for _ in range(repeat):
        shutil.rmtree(work / "price_out", ignore_errors=True)
        grades.append(run(program, "grade", next(data[1].iterdir()), "-o", work / "price_out"))
        program_starts.append(run(program, "--version"))
    print("| price of the child process, 1 worker | ms |\n|---|---|")
    print(f"| the program's bare start (`--version`) | {1000 * min(program_starts):.0f} |")
    print(f"| one study by `grade`, by `batch` | {1000 * min(grades):.0f}, {1000 * seconds[1]:.0f} |")
    print(f"| beside the stages of one study: both starts, bundle, tables | {1000 * beside[1]:.0f} |")
    print(f"| beside the stages, for each further study | {1000 * (beside[1 + count] - beside[1]) / count:.1f} |\n")


def resources(program, work, name, count, study):
    """Seconds a study, and peak memory in MiB as the kernel counts it for whole processes: the worker's, and all three."""
    began = time.monotonic()
    run(program, "batch", link_studies(work / name, count, study), "-o", work / f"{name}_out", "--jobs", 2)
    seconds = (time.monotonic() - began) / count
    used = json.loads((work / f"{name}_out/run.json").read_text())["resources"]
    return seconds, used["peak_worker_mib"], used["peak_mib"] + 2 * used["peak_worker_mib"]


def memory(program, work, many, slices):
    study = small_study(work / "small", slices)
    few_s, few_worker, few_all = resources(program, work, "few", 20, study)
    many_s, many_worker, many_all = resources(program, work, "many", many, study)
    print(f"| peak memory, 2 jobs, studies of {slices} slices | largest worker, MiB | all three, shared pages counted thrice |")
    print("|---|---|---|")
    print(f"| 20 studies ({few_s:.2f} s each) | {few_worker:.0f} | {few_all:.0f} |")
    print(f"| {many:,} studies ({many_s:.2f} s each) | {many_worker:.0f} | {many_all:.0f} (bar: 2,048) |")
    print(f"| ratio (bar: 1.1) | {many_worker / few_worker:.3f} | {many_all / few_all:.3f} |\n")


def scale(program, work, repeat, count=5000):
    data = link_studies(work / "links", count)
    discovered, first = [], []
    for attempt in range(repeat):
        out = work / f"scale{attempt}"
        began = time.monotonic()
        process = subprocess.Popen(
            [program, "batch", data, "-o", out, "--progress", "plain"], stderr=subprocess.PIPE, text=True
        )
        for line in process.stderr:
            if f"0/{count} studies" in line:
                break
        discovered.append(time.monotonic() - began)
        while not any((out / "shards/1-of-1/studies").glob("*.csv")):
            time.sleep(0.02)
        first.append(time.monotonic() - began)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        process.wait()
    print(f"| {count:,} studies by link | seconds | bar |\n|---|---|---|")
    print(f"| discovery, from the command's start | {min(discovered):.2f} | <= 5 |")
    print(f"| first study finished (bar: started) | {min(first):.2f} | <= 10 |\n")


def kills(program, count):
    environment = dict(
        os.environ, LUMBARGRADE=program, LUMBARGRADE_SOURCE=str(ROOT), LUMBARGRADE_KILLS=str(count),
        LUMBARGRADE_TEST_DATA=str(ROOT / "tests/data"),
    )
    script = ROOT / "tests/commands/batch_killed.sh"
    done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True)
    print("killed with SIGKILL at random moments and restarted each time:", (done.stdout or done.stderr).strip(), "\n")
    if done.returncode != 0:
        raise SystemExit("the tables differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("what", nargs="*", default=["throughput", "price", "memory", "scale", "kills"])
    parser.add_argument("--study", type=pathlib.Path, default=EXAMPLE, help="of throughput and price")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--studies", type=int, default=24, help="of the comparison with a loop")
    parser.add_argument("--small-studies", type=int, default=2000)
    parser.add_argument("--slices", type=int, default=3, help="of a small study")
    parser.add_argument("--kills", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        print(f"load before: {os.getloadavg()[0]:.1f}; {subprocess.getoutput(arguments.program + ' --version')}\n", flush=True)
        if "throughput" in arguments.what:
            throughput(arguments.program, work, arguments.repeat, arguments.studies, arguments.study.resolve())
        if "price" in arguments.what:
            price(arguments.program, work, arguments.repeat, arguments.studies, arguments.study.resolve())
        if "scale" in arguments.what:
            scale(arguments.program, work, arguments.repeat)
        if "memory" in arguments.what:
            memory(arguments.program, work, arguments.small_studies, arguments.slices)
        if "kills" in arguments.what:
            kills(arguments.program, arguments.kills)


if __name__ == "__main__":
    main()
