"""The Python module against the program (LUMBARGRADE_PROGRAM, or what an installed wheel carries). Standard library only,
so that every Python that the wheel is for can run it; what needs pandas is skipped without."""
import csv
import importlib.util
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import lumbargrade

DATA = Path(__file__).resolve().parents[1] / "data"
EXAMPLE = next(path for path in (DATA / "example_study").iterdir() if path.is_dir())


def csv_of_program(study):
    """What the program itself prints of a study: the independent reading."""
    told = subprocess.run([lumbargrade.program_path(), "--quiet", "grade", str(study)], stdout=subprocess.PIPE, check=True)
    return list(csv.DictReader(io.StringIO(told.stdout.decode())))


class GradeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.study = lumbargrade.grade(EXAMPLE, threads=1)
        cls.rows = csv_of_program(EXAMPLE)

    def test_grades_are_those_of_the_table(self):
        self.assertEqual(len(self.study.grades), 25)
        by_place = {(row["condition"], row["side"], row["level"]): row for row in self.rows}
        self.assertEqual(len(by_place), 25)
        for grade in self.study.grades:
            row = by_place[grade.condition, grade.side or "", grade.level]
            self.assertEqual(grade.grade, row["grade"])
            self.assertEqual(grade.source, row["source"])
            self.assertEqual(list(grade.flags), row["flags"].split())
            for name in ("normal_mild", "moderate", "severe"):
                self.assertAlmostEqual(getattr(grade, name), float(row[name]), places=4)

    def test_measures_are_those_of_the_table(self):
        canal = {row["level"]: row for row in self.rows if row["condition"] == "spinal_canal_stenosis"}
        compared = 0
        for grade in self.study.grades:
            for measure in grade.measures:
                if measure.key == "canal_ap_mm" and grade.condition == "spinal_canal_stenosis":
                    self.assertAlmostEqual(measure.value, float(canal[grade.level]["canal_ap_mm"]), places=1)
                    compared += 1
        self.assertEqual(compared, 5)

    def test_is_shown_in_a_line(self):
        self.assertEqual(repr(self.study), f"<Study {EXAMPLE.name}: 25 grades, 5 levels found, {len(self.study.warnings)} warnings>")

    def test_spine_has_five_levels_from_the_head_down(self):
        self.assertEqual([level.level for level in self.study.spine.levels], ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"])
        heights = [level.disc_centre_mm[2] for level in self.study.spine.levels]
        self.assertEqual(heights, sorted(heights, reverse=True))
        self.assertGreater(len(self.study.spine.canal_line_mm), 100)

    def test_names_what_the_study_lacks(self):
        self.assertEqual(self.study.missing_series, ["sagittal T1", "axial T2"])
        self.assertEqual(sum(series.used for series in self.study.series), 1)

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "no pandas")
    def test_pandas_table_has_a_row_a_finding(self):
        table = self.study.to_pandas()
        self.assertEqual(len(table), 25)
        self.assertEqual(set(table["study_id"]), {EXAMPLE.name})
        canal = table[table.condition == "spinal_canal_stenosis"]
        self.assertTrue(canal["canal_ap_mm"].notna().all())

    def test_output_folder_gets_the_report(self):
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "a b"
            study = lumbargrade.grade(EXAMPLE, output=output, threads=1)
            for name in ("grades.csv", "run.json", "grades.json", "report.html", "overview.png"):
                self.assertTrue((output / name).is_file(), name)
            self.assertEqual(study.grades, self.study.grades)
            with self.assertRaises(lumbargrade.LumbarGradeError) as caught:
                lumbargrade.grade(EXAMPLE, output=output)
            self.assertEqual(caught.exception.exit_code, 1)


class ErrorTest(unittest.TestCase):
    def test_a_missing_study_is_wrong_usage(self):
        with self.assertRaisesRegex(lumbargrade.UsageError, "nowhere does not exist"):
            lumbargrade.grade("nowhere")

    def test_a_name_that_looks_like_an_option_is_none(self):
        with self.assertRaisesRegex(lumbargrade.UsageError, "./--version does not exist"):
            lumbargrade.grade("--version")

    def test_an_unknown_option_is_named_with_the_nearest(self):
        with self.assertRaisesRegex(lumbargrade.UsageError, "--threads"):
            lumbargrade.grade(EXAMPLE, treads=2)

    def test_an_empty_folder_has_no_usable_study(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(lumbargrade.NoUsableStudy):
            lumbargrade.grade(folder)

    def test_a_bundle_without_manifest_is_invalid(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(lumbargrade.BundleInvalid) as caught:
            lumbargrade.grade(EXAMPLE, bundle=folder)
        self.assertEqual(caught.exception.exit_code, 5)
        self.assertIsInstance(caught.exception, lumbargrade.LumbarGradeError)

    def test_a_program_that_is_not_there_is_told(self):
        before = os.environ.get("LUMBARGRADE_PROGRAM")
        os.environ["LUMBARGRADE_PROGRAM"] = "/nowhere/lumbargrade"
        try:
            with self.assertRaisesRegex(lumbargrade.ProgramMissing, "/nowhere/lumbargrade"):
                lumbargrade.grade(EXAMPLE)
        finally:
            if before is None:
                del os.environ["LUMBARGRADE_PROGRAM"]
            else:
                os.environ["LUMBARGRADE_PROGRAM"] = before


class BatchTest(unittest.TestCase):
    def test_failures_are_returned_or_raised(self):
        with tempfile.TemporaryDirectory() as folder:
            list_of_studies = Path(folder) / "list.txt"
            list_of_studies.write_text(f"{EXAMPLE}\n{folder}/gone\n")
            output = Path(folder) / "out"
            result = lumbargrade.batch(list_of_studies, output, jobs=1, show=False)
            self.assertEqual(len(result.grades), 25)
            self.assertEqual([row["grade"] for row in result.grades], [row["grade"] for row in csv_of_program(EXAMPLE)])
            self.assertEqual(len(result.failures), 1)
            self.assertEqual(result.failures[0]["stage"], "discover")
            with self.assertRaises(lumbargrade.SomeStudiesFailed):
                lumbargrade.batch(list_of_studies, output, jobs=1, show=False, check=True)

    def test_an_interrupt_ends_the_program_too(self):
        # What a shell starts in the background ignores interrupts, and hands that on.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with tempfile.TemporaryDirectory() as folder:
            list_of_studies = Path(folder) / "list.txt"
            for number in range(60):
                os.symlink(EXAMPLE, Path(folder) / f"study{number:02}")
            list_of_studies.write_text("".join(f"study{number:02}\n" for number in range(60)))
            timer = threading.Timer(2, lambda: os.kill(os.getpid(), signal.SIGINT))
            timer.start()
            started = time.monotonic()
            with self.assertRaises(KeyboardInterrupt):
                lumbargrade.batch(list_of_studies, Path(folder) / "out", jobs=1, show=False)
            self.assertLess(time.monotonic() - started, 32)
            listed = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, check=True).stdout.decode()
            self.assertNotIn(folder, listed)


class ScoreTest(unittest.TestCase):
    def test_score_is_the_programs(self):
        small = next(DATA.rglob("small_train.csv")).parent
        score = lumbargrade.score(small / "small_train.csv", small / "small_model.csv", bootstrap=0)
        self.assertGreater(score["studies"], 0)
        self.assertIn("metric", score)


class ModuleTest(unittest.TestCase):
    def test_import_is_quick_and_needs_only_the_standard_library(self):
        program = (
            "import sys, time; start = time.process_time(); import lumbargrade; took = time.process_time() - start;"
            "print(took); print(*(name for name in ('pandas', 'numpy', 'torch') if name in sys.modules))"
        )
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
        told = [
            subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, env=environment)
            .stdout.decode()
            .splitlines()
            for _ in range(5)
        ]
        self.assertLess(min(float(lines[0]) for lines in told), 0.05)
        self.assertEqual({lines[1] for lines in told}, {""})

    def test_version_is_the_programs(self):
        self.assertEqual(lumbargrade.__version__, lumbargrade.program_version()["version"])
        with self.assertRaises(AttributeError):
            lumbargrade.no_such_name
        self.assertEqual(set(lumbargrade.program_version()), {"version", "commit", "libtorch", "devices", "compiler"})

    @unittest.skipUnless(os.environ.get("LUMBARGRADE_CONSOLE"), "no installed console script")
    def test_console_script_is_the_program(self):
        console = os.environ["LUMBARGRADE_CONSOLE"]
        told = subprocess.run([console, "grade", "nowhere"], stderr=subprocess.PIPE)
        self.assertEqual(told.returncode, 2)
        self.assertIn(b"nowhere does not exist", told.stderr)


if __name__ == "__main__":
    unittest.main()
