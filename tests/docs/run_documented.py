"""Runs every `lumbargrade` command that README, docs and the examples of `--help` show, in a folder where what they name
exists.

    run_documented.py SOURCE_FOLDER LUMBARGRADE SHARED_FOLDER

A command must end with exit code 0; hours of training must still be at work after some seconds. Prints every command that
did neither; exit code 1 when there is one. Commands whose data lies in SHARED_FOLDER alone are passed over without it."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

LIMIT_S = 300
LONG_S = 8  # a wrong input is told before
LONG = re.compile(r"lumbargrade (train (?!measures)|phantom .*--studies \d{3}|node \S+$)")
# Words that stand for something of the user's own.
STAND_FOR = {"/media/cd": "media_cd", "T2_SAG": "sagittal_t2", "2828203845": "sagittal_t2",
             "1.2.840.113619.2.1": "{uid}", "~/node/node.conf": "node.conf"}
# Said where there is no GPU, and of a node that nobody started.
MAY_SAY = {"--device cuda": "GPU", "node --status": "not running"}
# Results of hours that nothing here makes; what PyTorch exports (the test `command_exported` imports it).
LEFT_OUT = re.compile(r"canal0 canal1|fold0 fold1|bundle import")


def commands_of(program, above=()):
    text = subprocess.run([program, *above, "--help"], capture_output=True, text=True, check=True).stdout
    listed = re.search(r"^(?:Subcommands|SUBCOMMANDS):\n(.*?)(?:\n\n|\Z)", text, re.M | re.S)
    names = re.findall(r"^ {2}(\w[\w-]*)", listed[1], re.M) if listed else []
    return [(above, text)] + [found for name in names for found in commands_of(program, (*above, name))]


def documented(source, program):
    """Command line -> where it stands first."""
    texts = []
    for path in ["README.md", "CONTRIBUTING.md", *sorted(glob.glob("docs/*.md", root_dir=source))]:
        with open(os.path.join(source, path), encoding="utf-8") as file:
            texts.append((path, file.read()))
    texts += [(" ".join(["lumbargrade", *command, "--help"]), text) for command, text in commands_of(program)]
    found = {}
    for place, text in texts:
        for line in re.findall(r"^ +(?:\$ )?(lumbargrade [a-z][^#\n]*)", text.replace("\\\n", " "), re.M):
            found.setdefault(re.sub(r"\s+", " ", re.sub(r"\[(--[^]]*)\]", r"\1", line)).strip(), place)
    return found


def run(program, folder, *arguments):
    result = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"cannot prepare: {' '.join(arguments)}: {result.stderr}")
    return result.stdout


def make_inputs(folder, source, program, shared):
    """What the commands name, in `folder`. Returns the UID of `study`."""
    def link(target, *names):
        for name in names:
            os.makedirs(os.path.dirname(os.path.join(folder, name)) or folder, exist_ok=True)
            os.symlink(target if os.path.isabs(target) else os.path.join(folder, target), os.path.join(folder, name))

    example = os.path.join(source, "tests/data/example_study/900107")
    shutil.copytree(example, os.path.join(folder, "study"))
    os.rename(glob.glob(os.path.join(folder, "study/*"))[0], os.path.join(folder, "study/sagittal_t2"))
    # Five of each foramen at least two sides: ten, the fewest that are fitted.
    run(program, folder, "phantom", "--studies", "5", "--seed", "5", "--prevalence", "even", "--sagittal-matrix", "256",
        "--axial-matrix", "192", "-o", "rsna")
    first, second = sorted(os.listdir(os.path.join(folder, "rsna/train_images")))[:2]
    os.rename(os.path.join(folder, "rsna/train_images", first), os.path.join(folder, "rsna/train_images/4003253"))
    for table in glob.glob(os.path.join(folder, "rsna/*.csv")):
        with open(table, encoding="utf-8") as file:
            text = file.read()
        with open(table, "w", encoding="utf-8") as file:
            file.write(re.sub(f"^{first},", "4003253,", text, flags=re.M))
    for study in ("4003253", second):
        link(f"rsna/train_images/{study}", f"train_images/{study}")
    link("study", "STUDY", "media_cd")
    link("train_images", "DATASET", "studies", "rsna/test_images")
    link("rsna", "rsna-2024", "DATA", "DIR", "MORE", "phantom")
    for table, names in (("train", ("train.csv", "solution.csv")),
                         ("train_series_descriptions", ("series.csv", "rsna/test_series_descriptions.csv"))):
        with open(os.path.join(folder, f"rsna/{table}.csv"), encoding="utf-8") as file:
            rows = [row for row in file if row.startswith(("study_id", "4003253,", f"{second},"))]
        for name in names:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.writelines(rows)
    link(os.path.join(source, "models"), "models")
    link(os.path.join(source, "models/recipes/fast.json"), "FILE")
    shutil.copytree(os.path.join(source, "models/default"), os.path.join(folder, "my_bundle"))
    link("my_bundle", "bundle")
    shutil.make_archive(os.path.join(folder, "export"), "zip", os.path.join(folder, "study"))
    with open(os.path.join(folder, "studies.csv"), "w", encoding="utf-8") as file:
        file.write("study_id,path\nmine,study\n")
    run(program, folder, "grade", "study", "-o", "results-of-2024", "--report")
    link("results-of-2024", "EARLIER")
    shutil.copy(os.path.join(source, "models/default/locator.safetensors"), os.path.join(folder, "convnext_small.safetensors"))
    for part in ("1/2", "2/2"):
        run(program, folder, "batch", "train_images", "-o", "results", "--shard", part, "--jobs", "1")
    run(program, folder, "merge", "results")
    run(program, folder, "submission", "--graded", "results", "-o", "submission.csv")
    link("submission.csv", "new.csv", "old.csv", "s.csv", "rsna/sample_submission.csv")
    link("results/grades.csv", "OUT/grades.csv")
    for name in ("node1/results", "node2/results"):
        link(f"results/shards/{name[4]}-of-2", name)
    port = 20000 + os.getpid() % 10000
    with open(os.path.join(folder, "node.conf"), "w", encoding="utf-8") as file:
        file.write(f"[node]\nfolder = {folder}/spool\nport = {port}\n[sender MODALITY]\n")
    if os.path.isdir(os.path.join(shared, "data/spider")):
        link(os.path.join(shared, "data/spider"), "spider")
    uids = re.findall(r'"study_instance_uid": "([^"]+)"', run(program, folder, "inspect", "study", "--json"))
    return uids[0]


def run_documented(line, inputs, folder, program, uid):
    """Runs one line in `folder`, which gets links to the inputs. Returns what is wrong, or nothing."""
    for name in os.listdir(inputs):
        # Results are written into: each command gets its own.
        if name in ("results", "my_bundle"):
            shutil.copytree(os.path.join(inputs, name), os.path.join(folder, name))
        elif name != "submission.csv" or " -o submission.csv" not in line:
            os.symlink(os.path.join(inputs, name), os.path.join(folder, name))
    for word, stands in STAND_FOR.items():
        line = line.replace(word, stands.format(uid=uid))
    for output in ("OUT", "phantom"):
        if re.search(rf"-o {output}\b", line):
            os.unlink(os.path.join(folder, output))
    if "model card my_bundle" in line:
        os.unlink(os.path.join(folder, "my_bundle/MODEL_CARD.md"))
    if re.search(r"(batch|grade) .*-o results\b", line):
        shutil.rmtree(os.path.join(folder, "results"))
    if line.startswith("lumbargrade merge results"):  # not joined yet
        for file in ("grades.csv", "failures.csv", "studies.csv", "run.json"):
            if os.path.exists(os.path.join(folder, "results", file)):
                os.unlink(os.path.join(folder, "results", file))
    is_long = LONG.match(line) is not None
    bin_folder = os.path.join(folder, ".bin")
    os.makedirs(bin_folder)
    os.symlink(program, os.path.join(bin_folder, "lumbargrade"))
    for made in (".local/share/bash-completion/completions", ".config/fish/completions", ".zfunc"):
        os.makedirs(os.path.join(folder, made))
    environment = {**os.environ, "HOME": folder, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    process = subprocess.Popen(["bash", "-o", "pipefail", "-c", line], cwd=folder, env=environment, text=True,
                               start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _, errors = process.communicate(timeout=LONG_S if is_long else LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return "" if is_long else f"not done after {LIMIT_S} s"
    if process.returncode == 0 or any(option in line and word in errors for option, word in MAY_SAY.items()):
        return ""
    return f"exit code {process.returncode}: {errors.strip()[-300:]}"


def main():
    source, program, shared = (os.path.abspath(path) for path in sys.argv[1:4])
    lines = documented(source, program)
    if len(lines) < 40:
        sys.exit(f"only {len(lines)} commands are found: the way to find them is wrong")
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        inputs = os.path.join(scratch, "inputs")
        os.makedirs(inputs)
        uid = make_inputs(inputs, source, program, shared)
        for number, (line, place) in enumerate(lines.items()):
            if LEFT_OUT.search(line) or ("spider" in line and not os.path.exists(os.path.join(inputs, "spider"))):
                print(f"passed over: {line}")
                continue
            folder = os.path.join(scratch, str(number))
            os.makedirs(folder)
            problem = run_documented(line, inputs, folder, program, uid)
            if problem:
                wrong += 1
                print(f"{place}: {line}\n    {problem}")
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(lines)} commands, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
