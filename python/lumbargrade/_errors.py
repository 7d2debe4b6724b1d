"""What goes wrong, by the program's exit codes."""
from typing import Dict, Type


class LumbarGradeError(Exception):
    """A failure outside the input (exit code 1): disk full, output exists. The base of all others. The message is the
    program's own."""

    exit_code = 1


class UsageError(LumbarGradeError):
    """An option, or the input that was named, is wrong or does not exist (exit code 2)."""

    exit_code = 2


class SomeStudiesFailed(LumbarGradeError):
    """Some studies of a data set failed (exit code 3). `batch` raises it only with `check=True`."""

    exit_code = 3


class NoUsableStudy(LumbarGradeError):
    """The input holds nothing that can be graded (exit code 4)."""

    exit_code = 4


class BundleInvalid(LumbarGradeError):
    """The model bundle does not hold what its manifest says (exit code 5)."""

    exit_code = 5


class ProgramDied(LumbarGradeError):
    """The program was ended by a signal, as by the kernel when memory is short."""


class ProgramMissing(LumbarGradeError):
    """This installation has no program; LUMBARGRADE_PROGRAM can name one."""


_BY_EXIT_CODE: Dict[int, Type[LumbarGradeError]] = {
    error.exit_code: error for error in (LumbarGradeError, UsageError, SomeStudiesFailed, NoUsableStudy, BundleInvalid)
}


def error_of(exit_code: int, message: str) -> LumbarGradeError:
    """The exception for an exit code; negative ones are signals."""
    if exit_code < 0:
        reason = f"lumbargrade was ended by signal {-exit_code}"
        return ProgramDied(f"{reason}: {message}" if message else reason)
    return _BY_EXIT_CODE.get(exit_code, LumbarGradeError)(message or f"lumbargrade ended with exit code {exit_code}")
