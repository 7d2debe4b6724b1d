"""What is read back, as plain immutable values. Lengths are mm, points are patient coordinates (LPS)."""
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

if TYPE_CHECKING:  # pandas is optional
    import pandas

Point = Tuple[float, float, float]


class Measure(NamedTuple):
    """One measure of a finding."""

    key: str
    """Its column in grades.csv."""
    meaning: str
    value: Optional[float]
    unit: Optional[str]
    z: Optional[float]
    """Distance from its level's mean in the bundle's reference sample, in standard deviations."""
    decided: bool
    """Whether it went into the probabilities."""


class Grade(NamedTuple):
    """One of the 25 findings of a study."""

    finding: str
    """The challenge's name, such as left_neural_foraminal_narrowing_l4_l5."""
    condition: str
    side: Optional[str]
    """left, right, or None for the canal."""
    level: str
    normal_mild: float
    moderate: float
    severe: float
    grade: str
    """The most probable: normal_mild, moderate or severe."""
    source: str
    """measure, network, network+measure, or prior: nothing in the images was looked at."""
    level_confidence: Optional[float]
    point_mm: Optional[Point]
    series_instance_uid: Optional[str]
    sop_instance_uid: Optional[str]
    measures: Tuple[Measure, ...]
    decided_by: Tuple[str, ...]
    flags: Tuple[str, ...]


class Series(NamedTuple):
    """One series of the study, used or not."""

    series_instance_uid: Optional[str]
    name: str
    description: str
    orientation: str
    role: str
    used: bool
    files: int
    frames: int
    evidence: str


class Level(NamedTuple):
    """A disc level; without a place where it was not found."""

    level: str
    found: bool
    confidence: Optional[float] = None
    disc_centre_mm: Optional[Point] = None
    canal_mm: Optional[Point] = None
    up: Optional[Point] = None
    posterior: Optional[Point] = None
    left: Optional[Point] = None
    disc_depth_mm: Optional[float] = None
    disc_height_mm: Optional[float] = None


class Vertebra(NamedTuple):
    vertebra: str
    centre_mm: Point


class Spine(NamedTuple):
    """The spine that was found."""

    series_instance_uid: Optional[str]
    levels: Tuple[Level, ...]
    vertebrae: Tuple[Vertebra, ...]
    canal_line_mm: Tuple[Point, ...]
    """From the head down."""


class Study(NamedTuple):
    """A graded study."""

    study_id: str
    study_instance_uid: Optional[str]
    grades: List[Grade]
    """25, in the order of the challenge's columns."""
    spine: Spine
    series: List[Series]
    missing_series: List[str]
    warnings: List[str]
    json: Dict[str, Any]
    """The whole of grades.json, documented in docs/outputs.md."""

    def __repr__(self) -> str:
        found = sum(level.found for level in self.spine.levels)
        return f"<Study {self.study_id}: {len(self.grades)} grades, {found} levels found, {len(self.warnings)} warnings>"

    def to_pandas(self) -> "pandas.DataFrame":
        """The grades as a table, one row a finding, with a column for each measure."""
        import pandas

        return pandas.DataFrame([_row_of(self, grade) for grade in self.grades])


class Batch(NamedTuple):
    """What `batch` has left in its output folder: rows of its tables, by column, as text."""

    output: str
    grades: List[Dict[str, str]]
    studies: List[Dict[str, str]]
    failures: List[Dict[str, str]]

    def __repr__(self) -> str:
        return f"<Batch {self.output}: {len(self.studies)} studies, {len(self.failures)} failures>"

    def to_pandas(self) -> "pandas.DataFrame":
        """grades.csv as a table."""
        import os

        import pandas

        return pandas.read_csv(os.path.join(self.output, "grades.csv"), dtype={"study_id": str})


def _row_of(study: Study, grade: Grade) -> Dict[str, Any]:
    row: Dict[str, Any] = {"study_id": study.study_id, **grade._asdict()}
    for name in ("decided_by", "flags"):
        row[name] = " ".join(row[name])
    x, y, z = row.pop("point_mm") or (None, None, None)
    row.update(x_mm=x, y_mm=y, z_mm=z)
    for measure in row.pop("measures"):
        row[measure.key] = measure.value
    return row


def _point(values: Any) -> Optional[Point]:
    return (float(values[0]), float(values[1]), float(values[2])) if values else None


def _measure(json: Mapping[str, Any]) -> Measure:
    return Measure(**{name: json[name] for name in Measure._fields})


def _grade(json: Mapping[str, Any]) -> Grade:
    probabilities = json["probabilities"]
    return Grade(
        finding=json["finding"],
        condition=json["condition"],
        side=json["side"],
        level=json["level"],
        normal_mild=probabilities["normal_mild"],
        moderate=probabilities["moderate"],
        severe=probabilities["severe"],
        grade=json["grade"],
        source=json["source"],
        level_confidence=json["level_confidence"],
        point_mm=_point(json["point_mm"]),
        series_instance_uid=json["series_instance_uid"],
        sop_instance_uid=json["sop_instance_uid"],
        measures=tuple(_measure(measure) for measure in json["measures"]),
        decided_by=tuple(json["decided_by"]),
        flags=tuple(json["flags"]),
    )


def _level(json: Mapping[str, Any]) -> Level:
    values = {name: json[name] for name in Level._fields if name in json}
    for name in ("disc_centre_mm", "canal_mm", "up", "posterior", "left"):
        if name in values:
            values[name] = _point(values[name])
    return Level(**values)


def _spine(json: Mapping[str, Any]) -> Spine:
    return Spine(
        series_instance_uid=json["series_instance_uid"],
        levels=tuple(_level(level) for level in json["levels"]),
        vertebrae=tuple(Vertebra(one["vertebra"], one["centre_mm"]) for one in json["vertebrae"]),
        canal_line_mm=tuple((x, y, z) for x, y, z in json["canal_line_mm"]),
    )


def study_of(json: Dict[str, Any]) -> Study:
    """A study from the content of grades.json."""
    return Study(
        study_id=json["study_id"],
        study_instance_uid=json["study_instance_uid"],
        grades=[_grade(grade) for grade in json["grades"]],
        spine=_spine(json["spine"]),
        series=[Series(**{name: one[name] for name in Series._fields}) for one in json["series"]],
        missing_series=list(json["missing_series"]),
        warnings=list(json["warnings"]),
        json=json,
    )


def batch_of(output: str) -> Batch:
    """The tables of a batch's output folder; one that is not there is empty."""
    import csv
    import os

    def rows(name: str) -> List[Dict[str, str]]:
        path = os.path.join(output, name)
        if not os.path.exists(path):
            return []
        with open(path, newline="", encoding="utf-8") as table:
            return list(csv.DictReader(table))

    return Batch(output, rows("grades.csv"), rows("studies.csv"), rows("failures.csv"))
