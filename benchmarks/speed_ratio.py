#!/usr/bin/env python3
"""Processor time of one program against another with the same arguments, taken in turn so that a busy machine weighs on
both alike.

    speed_ratio.py BASE NEW [--runs 8] -- ARGUMENT ...
    speed_ratio.py base/lumbargrade new/lumbargrade -- grade STUDY --threads 1

Prints each program's median time (user and system, of the whole process) and the median of the ratios of neighbouring
runs."""
import argparse
import os
import statistics


def processor_seconds(command):
    """By wait4, to the microsecond: times() counts in hundredths of a second."""
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            os.execv(command[0], command)
        finally:
            os._exit(127)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("new")
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("arguments", nargs="+", metavar="ARGUMENT")
    options = parser.parse_args()
    base, new = [], []
    for _ in range(options.runs):
        base.append(processor_seconds([options.base, *options.arguments]))
        new.append(processor_seconds([options.new, *options.arguments]))
    ratios = [b / a for a, b in zip(base, new)]
    print(f"base {statistics.median(base):.3f} s, new {statistics.median(new):.3f} s, new / base "
          f"{statistics.median(ratios):.3f} (least {min(ratios):.3f}, most {max(ratios):.3f}, {options.runs} runs)")


if __name__ == "__main__":
    main()
