"""Finds the program, runs it, and stands in for it as console script."""
import os
import sys
from typing import IO, TYPE_CHECKING, Dict, List, Mapping, NoReturn, Sequence, Tuple, Union

from ._errors import LumbarGradeError, ProgramMissing, error_of

if TYPE_CHECKING:
    import subprocess

Option = Union[str, int, float, bool, None, "os.PathLike[str]", Sequence[Union[str, int, "os.PathLike[str]"]]]
"""Value of an option: True for a flag, a sequence for one that may be repeated; None and False leave it out."""

_VARIABLE = "LUMBARGRADE_PROGRAM"
_KEPT_LINES = 20  # of standard error, for the message of an exception
_PATIENCE_S = 30  # for an interrupted program to finish its files


def program_path() -> str:
    """The program that is run: LUMBARGRADE_PROGRAM, else the one that this package carries."""
    chosen = os.environ.get(_VARIABLE)
    carried = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tree", "bin", "lumbargrade")
    path = chosen or carried
    if not os.access(path, os.X_OK):
        raise ProgramMissing(f"no program at {path}; install the wheel, or name a program by {_VARIABLE}")
    return path


def program_version() -> Dict[str, str]:
    """version, commit, libtorch, devices and compiler of the program."""
    import json

    return dict(json.loads(run(["version", "--json"])))


def arguments_of(options: Mapping[str, Option]) -> List[str]:
    """Options as the program's arguments."""
    arguments: List[str] = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(option)
        elif isinstance(value, (str, int, float, os.PathLike)):
            arguments += [option, os.fspath(value) if isinstance(value, os.PathLike) else str(value)]
        else:
            for one in value:
                arguments += [option, os.fspath(one) if isinstance(one, os.PathLike) else str(one)]
    return arguments


def run(arguments: Sequence[str], *, show: bool = False, accepted: Tuple[int, ...] = (0,)) -> str:
    """Runs the program and returns its standard output. With `show` its standard error appears on ours as it comes.

    An interrupt (Ctrl-C, a notebook's stop button) is passed on; the program then ends as it does by itself, `batch` with
    what is finished kept, and KeyboardInterrupt goes on its way.
    """
    import subprocess
    import tempfile

    # A session of its own, so that Ctrl-C reaches the program once, from here. Standard output goes to a file: with
    # one pipe left to read, no thread is needed.
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [program_path(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert child.stderr is not None
        with child.stderr:
            try:
                message = _listen(child.stderr, show)
                exit_code = child.wait()
            except BaseException:
                _end(child)
                raise
        if exit_code not in accepted:
            raise error_of(exit_code, message)
        output.seek(0)
        return output.read().decode("utf-8", "replace")


def _listen(stream: IO[str], show: bool) -> str:
    kept: List[str] = []
    for line in stream:
        if show:
            sys.stderr.write(line)
            sys.stderr.flush()
        kept.append(line)
        del kept[:-_KEPT_LINES]
    return "".join(kept).strip()


def _end(child: "subprocess.Popen[str]") -> None:
    import signal
    import subprocess

    try:
        child.send_signal(signal.SIGINT)
        child.wait(_PATIENCE_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()


def main() -> NoReturn:
    """The console script: becomes the program."""
    try:
        path = program_path()
    except LumbarGradeError as error:
        sys.exit(f"error: {error}")
    os.execv(path, [path, *sys.argv[1:]])
