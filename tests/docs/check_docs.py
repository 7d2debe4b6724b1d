"""Checks that what README, CONTRIBUTING and docs/*.md name exists: paths, commands, options, flag words; and that the
sections of docs/sources.md which comments of the code name are there, and nothing outside the project is named.

    check_docs.py SOURCE_FOLDER LUMBARGRADE

Prints every word that is wrong with file and line; exit code 1 when there is one."""
import glob
import os
import re
import subprocess
import sys

LEFT_OUT = {".git", ".deps", ".venv", "__pycache__"}
# A code span or a command line that begins with one of these is another program's: its options are not ours.
OTHER_PROGRAMS = ("apptainer", "apt", "c++", "chrt", "clang", "cmake", "ctest", "curl", "debootstrap", "docker", "git", "g++", "kubectl",
                  "ninja", "nice", "perf", "pip", "podman", "python", "rclone", "sbatch", "scancel", "snakemake", "squeue", "taskset",
                  "torchrun", "nvidia-smi", "sudo", "kaggle", "tar")
# Files that name no path outside the project. Tests may: some of them have their cases there.
SELF_CONTAINED = (r"(src|include|docs)/.*\.(h|cpp|md)$|README.md$|CONTRIBUTING.md$"
                  r"|(scripts|benchmarks|models/build|packaging|python)/")
TASKS = 20  # rows that the table "task -> file" has at least


def tree(source):
    """All paths of the checkout, folders too, relative to it."""
    paths = set()
    for folder, folders, files in os.walk(source):
        at_root = os.path.samefile(folder, source)
        folders[:] = [name for name in folders if name not in LEFT_OUT and not (at_root and name == "build")]
        for name in folders + files:
            paths.add(os.path.relpath(os.path.join(folder, name), source))
    return paths


def with_alternatives(path):
    """src/a.{h,cpp} as two paths."""
    found = re.fullmatch(r"(.*)\{([^{}]*)\}(.*)", path)
    return [found[1] + word + found[3] for word in found[2].split(",")] if found else [path]


class Program:
    """What `lumbargrade --help` and the help of its commands tell."""

    def __init__(self, program):
        self.program = program
        self.helps = {}
        self.commands = {name: self.commands_of(self.help(name)) for name in self.commands_of(self.help())}

    def help(self, *command):
        if command not in self.helps:
            result = subprocess.run([self.program, *command, "--help"], capture_output=True, text=True, check=True)
            self.helps[command] = result.stdout
        return self.helps[command]

    @staticmethod
    def commands_of(text):
        listed = re.search(r"^(?:Subcommands|SUBCOMMANDS):\n(.*?)(?:\n\n|\Z)", text, re.M | re.S)
        return re.findall(r"^ {2}(\w[\w-]*)", listed[1], re.M) if listed else []

    def path_of(self, words):
        """The command that the first words of a command line name; an error as text."""
        if not words or words[0].startswith("-") or words[0].isupper():
            return ()
        if words[0] not in self.commands:
            return f"no command {words[0]}"
        inner = self.commands[words[0]]
        if not inner or len(words) == 1 or words[1].startswith("-") or words[1].isupper():
            return (words[0],)
        return (words[0], words[1]) if words[1] in inner else f"no command {words[0]} {words[1]}"

    def options(self, command):
        return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", self.help(*command)))

    def all_options(self):
        paths = [()] + [(name,) for name in self.commands]
        paths += [(name, inner) for name, inners in self.commands.items() for inner in inners]
        return set().union(*(self.options(path) for path in paths))


class Check:
    def __init__(self, source, program):
        self.source, self.program, self.paths = source, program, tree(source)
        self.names = {os.path.basename(path) for path in self.paths}
        self.top = {path for path in self.paths if "/" not in path and os.path.isdir(os.path.join(source, path))}
        self.rooms = {path.split("/")[1] for path in self.paths if path.count("/") == 1 and path.startswith("src/")}
        self.known_options = program.all_options() | self.options_of_scripts()
        self.wrong, self.checked = [], 0

    def options_of_scripts(self):
        found = set()
        for pattern in ("scripts/*", "scripts/cluster/*", "benchmarks/**/*.py", "tests/**/*.py", "models/build/*"):
            for path in glob.glob(os.path.join(self.source, pattern), recursive=True):
                if os.path.isfile(path):
                    found |= set(re.findall(r"(?<![\w-])--[a-z][\w-]*", open(path, encoding="utf-8").read()))
        return found

    def fail(self, place, message):
        self.wrong.append(f"{place}: {message}")

    def exists(self, path):
        path = path.rstrip("/.,")
        for one in with_alternatives(path):
            if "*" in one:
                if not glob.glob(os.path.join(self.source, one), recursive=True):
                    return False
            elif one not in self.paths and one + ".cpp" not in self.paths:  # benchmarks/NAME is a program
                return False
        return True

    def check_path(self, place, word):
        first = word.split("/")[0]
        if first in self.top:
            self.checked += 1
            if not self.exists(word):
                self.fail(place, f"no such path: {word}")
        elif first in self.rooms and re.search(r"\.(h|cpp)$", word):
            self.checked += 1
            if not self.exists("src/" + word):
                self.fail(place, f"no such path: src/{word}")

    def check_command_line(self, place, line):
        words = re.split(r"\s[|>#&]|\s*;", line)[0].split()
        command = self.program.path_of(words)
        self.checked += 1
        if isinstance(command, str):
            self.fail(place, command)
            return
        if not command and words and words[0].isupper():  # lumbargrade COMMAND --help
            return
        known = self.program.options(command)
        for option in re.findall(r"(?<!\S)\[?(--?[A-Za-z][\w-]*)", " ".join(words)):
            self.checked += 1
            if option not in known and option not in ("--help", "-h"):
                self.fail(place, f"lumbargrade {' '.join(command)} has no option {option}")

    def check_code(self, place, code):
        """One code span or line of a code block."""
        code = code.strip()
        for found in re.finditer(r"(?:^|[\s/])lumbargrade +([^\n`]*)", code):
            self.check_command_line(place, found[1])
        words = code.split()
        if len(words) > 1 and words[0] in self.program.commands and "lumbargrade" not in code:
            if self.program.commands[words[0]] or words[1].startswith("-"):
                self.check_command_line(place, code)
        if re.fullmatch(r"[\w.]+\.(h|cpp|sh|py|cmake)", code):
            self.checked += 1
            if code not in self.names:
                self.fail(place, f"no such file anywhere: {code}")
        if not code.startswith(OTHER_PROGRAMS):
            self.check_options(place, code)

    def check_options(self, place, text):
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", text):
            self.checked += 1
            if option not in self.known_options:
                self.fail(place, f"no command or script has the option {option}")

    def check_document(self, document):
        name = os.path.relpath(document, self.source)
        fenced = False
        for number, line in enumerate(open(document, encoding="utf-8").read().splitlines(), 1):
            place = f"{name}:{number}"
            if line.startswith("```"):
                fenced = not fenced
                continue
            for word in re.findall(r"(?<![\w/.-])\.?[A-Za-z][\w.-]*/[\w./*{},-]+", re.sub(r"https?://\S+", "", line)):
                self.check_path(place, word)
            for target in re.findall(r"\]\(([^)#:\s]+)[^)]*\)", line):
                self.checked += 1
                if not os.path.exists(os.path.join(os.path.dirname(document), target)):
                    self.fail(place, f"the link leads nowhere: {target}")
            is_block = fenced or line.startswith("    ")
            for code in [line] if is_block else re.findall(r"`([^`]+)`", line):
                self.check_code(place, code)

    def check_flags(self):
        """docs/outputs.md's table of flags against the words in the code."""
        code = "".join(open(os.path.join(self.source, path), encoding="utf-8").read()
                       for path in self.paths if re.match(r"src/.*\.(h|cpp)$", path))
        outputs = open(os.path.join(self.source, "docs/outputs.md"), encoding="utf-8").read()
        table = re.search(r"^\| flag \|.*?\n\n", outputs, re.M | re.S)
        flags = re.findall(r"`([a-z0-9_]+)`", "\n".join(row.split("|")[1] for row in table[0].splitlines() if row.startswith("|")))
        if len(flags) < 10:
            self.fail("docs/outputs.md", "the table of flags was not found whole")
        for flag in flags:
            self.checked += 1
            if f'"{flag}"' not in code:
                self.fail("docs/outputs.md", f"no code gives the flag {flag}")

    def check_tasks(self):
        text = open(os.path.join(self.source, "docs/architecture.md"), encoding="utf-8").read()
        rows = re.search(r"^\| task \|.*?\n((?:\|.*\n)+)", text, re.M)
        rows = [row for row in rows[1].splitlines()[1:]] if rows else []
        if len(rows) < TASKS:
            self.fail("docs/architecture.md", f"the table of tasks has {len(rows)} rows, not {TASKS}")
        for row in rows:
            if not re.search(r"`[^`]*/[^`]*`", row.split("|")[2]):
                self.fail("docs/architecture.md", f"a task without a file: {row}")

    def check_sources(self):
        """Comments name sections of docs/sources.md that are there, and nothing outside the project."""
        sources = open(os.path.join(self.source, "docs/sources.md"), encoding="utf-8").read()
        sections = set(re.findall(r"^## (.*)$", sources, re.M))
        for path in sorted(self.paths):
            if not re.match(SELF_CONTAINED, path) or os.path.isdir(os.path.join(self.source, path)):
                continue
            text = open(os.path.join(self.source, path), encoding="utf-8", errors="replace").read()
            for outside in re.findall(r"(?<![\w-])(?:\.\./)?shared/(?:reference|data|cases)\S*", text):
                self.fail(path, f"names what lies outside the project: {outside}")
            joined = re.sub(r"\n\s*///? ?", " ", text)
            for section in re.findall(r'docs/sources\.md, "([^"]*)"', joined):
                self.checked += 1
                if section not in sections:
                    self.fail(path, f'docs/sources.md has no section "{section}"')

    def run(self):
        documents = ["README.md", "CONTRIBUTING.md"] + sorted(p for p in self.paths if re.fullmatch(r"docs/\w[\w-]*\.md", p))
        for document in documents:
            self.check_document(os.path.join(self.source, document))
        self.check_flags()
        self.check_tasks()
        self.check_sources()


def main():
    check = Check(os.path.abspath(sys.argv[1]), Program(sys.argv[2]))
    check.run()
    print("\n".join(check.wrong), end="\n" if check.wrong else "")
    print(f"{check.checked} words checked, {len(check.wrong)} wrong")
    return 1 if check.wrong or check.checked < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
