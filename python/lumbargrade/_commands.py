"""The commands: each runs the program once."""
import os
from typing import Any, Dict, Optional, Union

from ._errors import SomeStudiesFailed
from ._program import Option, arguments_of, run
from ._results import Batch, Study, batch_of, study_of

PathLike = Union[str, "os.PathLike[str]"]


def _input(path: PathLike) -> str:
    """A path that is no option, whatever it begins with."""
    name = os.fspath(path)
    return os.path.join(os.curdir, name) if name.startswith("-") else name


def grade(path: PathLike, *, output: Optional[PathLike] = None, **options: Option) -> Study:
    """Grades one study: a folder (at any depth), zip, tar, DICOMDIR or file.

    `output` is a folder that gets grades.csv, run.json, grades.json, report.html and overview.png, and what
    `masks=True` and `dicom="sr,sc,seg"` ask for. `lumbargrade grade --help` has all options.

    Raises NoUsableStudy, UsageError, BundleInvalid, ProgramDied, or their base LumbarGradeError.
    """
    import json

    arguments = ["--quiet", "grade", _input(path), *arguments_of(options)]
    if output is None:
        return study_of(json.loads(run([*arguments, "--format", "json"])))
    folder = os.fspath(output)
    run([*arguments, "--output", folder] + ([] if options.get("report") else ["--report"]))
    with open(os.path.join(folder, "grades.json"), encoding="utf-8") as file:
        return study_of(json.load(file))


def batch(
    dataset: PathLike, output: PathLike, *, check: bool = False, show: bool = True, **options: Option
) -> Batch:
    """Grades all studies of a data set into the folder `output`. Called again it resumes where it was stopped.

    Studies that failed are in the result's `failures`; with `check` they raise SomeStudiesFailed. `show` lets progress
    and warnings appear on standard error. `lumbargrade batch --help` has all options.
    """
    folder = os.fspath(output)
    arguments = ["batch", _input(dataset), "--output", folder, *arguments_of(options)]
    run(arguments if show else ["--quiet", *arguments], show=show, accepted=(0, SomeStudiesFailed.exit_code))
    result = batch_of(folder)
    if check and result.failures:
        raise SomeStudiesFailed(f"{len(result.failures)} studies failed; {os.path.join(folder, 'failures.csv')} says why")
    return result


def score(truth: PathLike, submission: PathLike, **options: Option) -> Dict[str, Any]:
    """Scores a submission, or a grades.csv, with the challenge's metric: what `lumbargrade score --json` prints."""
    import json

    arguments = ["score", "--truth", os.fspath(truth), "--submission", os.fspath(submission), "--json"]
    result: Dict[str, Any] = json.loads(run([*arguments, *arguments_of(options)]))
    return result
