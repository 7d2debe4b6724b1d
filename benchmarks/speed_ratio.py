#!/usr/bin/env python3
"""Processor time of one program against another on a study, taken in turn so that a busy machine weighs on both alike.

    speed_ratio.py BASE NEW STUDY [--runs 8] [--options "--threads 1"]

Prints each program's median time (user and system, of the whole process) and the median of the ratios of neighbouring
runs."""
import argparse
import os
import statistics
import subprocess


def processor_seconds(command):
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("new")
    parser.add_argument("study")
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--options", default="--threads 1")
    arguments = parser.parse_args()
    options = arguments.options.split()
    base, new = [], []
    for _ in range(arguments.runs):
        base.append(processor_seconds([arguments.base, "grade", arguments.study, *options]))
        new.append(processor_seconds([arguments.new, "grade", arguments.study, *options]))
    ratios = [b / a for a, b in zip(base, new)]
    print(f"base {statistics.median(base):.2f} s, new {statistics.median(new):.2f} s, new / base "
          f"{statistics.median(ratios):.3f} (least {min(ratios):.3f}, most {max(ratios):.3f}, {arguments.runs} runs)")


if __name__ == "__main__":
    main()
