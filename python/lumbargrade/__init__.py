"""LumbarGrade from Python: grades lumbar spine MRI studies. Research use only, not for clinical use.

    import lumbargrade

    study = lumbargrade.grade("STUDY")
    for grade in study.grades:
        print(grade.finding, grade.grade, grade.severe)

Each call runs the program `lumbargrade` and reads what it writes, so nothing of it is linked into this process. Options
are the program's own, with underscores: `grade(path, lowest_disc="L4/L5", threads=2)` is
`lumbargrade grade PATH --lowest-disc L4/L5 --threads 2`. Only the standard library is needed; `to_pandas()` needs pandas.
"""
from ._errors import (
    BundleInvalid,
    LumbarGradeError,
    NoUsableStudy,
    ProgramDied,
    ProgramMissing,
    SomeStudiesFailed,
    UsageError,
)
from ._program import Option, program_path, program_version
from ._results import Batch, Grade, Level, Measure, Series, Spine, Study, Vertebra
from ._commands import batch, grade, score

__version__: str  # asked for when it is read: importlib.metadata costs more than all of this module


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("lumbargrade")
    except PackageNotFoundError:  # not installed, but found on the path
        return program_version()["version"]


__all__ = [
    "Batch",
    "BundleInvalid",
    "Grade",
    "Level",
    "LumbarGradeError",
    "Measure",
    "NoUsableStudy",
    "Option",
    "ProgramDied",
    "ProgramMissing",
    "Series",
    "SomeStudiesFailed",
    "Spine",
    "Study",
    "UsageError",
    "Vertebra",
    "batch",
    "grade",
    "program_path",
    "program_version",
    "score",
]
