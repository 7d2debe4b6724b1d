#!/usr/bin/env python3
"""How far the points and diameters of two programs lie apart, level by level.

    peer_agreement.py STUDY... --peer "PYTHON peer_pytorch.py --models MODELS" --program LUMBARGRADE [LUMBARGRADE ...]

The peer prints CSV of levels, a program the grades of each study, of which the canal's rows have point and diameter.
Prints for each program and study the largest distance of a point and the largest difference of a diameter, in mm."""
import argparse
import csv
import io
import math
import shlex
import subprocess


def output(command):
    return csv.DictReader(io.StringIO(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def of_peer(command, studies):
    found = {}
    for row in output([*shlex.split(command), *studies]):
        found[row["study_id"], row["level"]] = [float(row[key]) for key in ("x_mm", "y_mm", "z_mm", "diameter_mm")]
    return found


def of_program(program, study):
    found = {}
    for row in output([program, "--quiet", "grade", study]):
        if row["condition"] == "spinal_canal_stenosis" and row["x_mm"]:
            diameter = row.get("canal_ap_mm") or row.get("measure_mm")  # before and after measures had columns
            found[row["study_id"], row["level"]] = [float(row[key]) for key in ("x_mm", "y_mm", "z_mm")] + [float(diameter)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="+")
    parser.add_argument("--peer", required=True)
    parser.add_argument("--program", nargs="+", required=True)
    arguments = parser.parse_args()
    peer = of_peer(arguments.peer, arguments.studies)
    print(f"{'program':60} {'study':>12} {'levels':>6} {'point mm':>9} {'diameter mm':>11}")
    for program in arguments.program:
        for study in arguments.studies:
            found = of_program(program, study)
            own = {key: value for key, value in peer.items() if key[0] == next(iter(found))[0]}
            if set(own) != set(found):
                print(f"{program[-60:]:60} {study[-12:]:>12} levels differ: {sorted(set(own) ^ set(found))}")
                continue
            apart = max(math.dist(own[key][:3], found[key][:3]) for key in own)
            diameter = max(abs(own[key][3] - found[key][3]) for key in own)
            print(f"{program[-60:]:60} {study[-12:]:>12} {len(own):6} {apart:9.4f} {diameter:11.4f}")


if __name__ == "__main__":
    main()
