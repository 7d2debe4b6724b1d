"""Puts a release tree into the wheel: LUMBARGRADE_TREE names one, else scripts/release makes it."""
import os
import re
import subprocess
from typing import Any, Dict

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEFT_OUT = ("include",)  # of a tree: nothing of a wheel is compiled against


def newest_glibc(tree: str) -> str:
    """The newest glibc that programs and libraries of the tree ask for, as a wheel's tag has it: "2_35"."""
    newest = (2, 17)  # manylinux2014's
    for folder in ("bin", "lib"):
        for where, _, files in os.walk(os.path.join(tree, folder)):
            paths = [os.path.join(where, name) for name in files]
            if paths:
                told = subprocess.run(["objdump", "-T", *paths], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                found = re.findall(r"\*UND\*.*\(GLIBC_(\d+)\.(\d+)", told.stdout)
                newest = max([newest, *((int(major), int(minor)) for major, minor in found)])
    return f"{newest[0]}_{newest[1]}"


class TreeHook(BuildHookInterface):  # type: ignore[type-arg]
    def tree(self) -> str:
        chosen = os.environ.get("LUMBARGRADE_TREE")
        if chosen:
            return os.path.abspath(chosen)
        subprocess.run([os.path.join(self.root, "scripts", "release"), "tree"], check=True)
        return os.path.join(self.root, "build", "release", f"lumbargrade-{self.metadata.version}-linux-x86_64")

    def initialize(self, version: str, build_data: Dict[str, Any]) -> None:
        if version == "editable":  # the program is named by LUMBARGRADE_PROGRAM then
            return
        tree = self.tree()
        if not os.access(os.path.join(tree, "bin", "lumbargrade"), os.X_OK):
            raise RuntimeError(f"{tree} is no release tree; make one with scripts/release tree")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_{newest_glibc(tree)}_x86_64"
        for name in sorted(os.listdir(tree)):
            if name not in LEFT_OUT:
                build_data["force_include"][os.path.join(tree, name)] = f"lumbargrade/tree/{name}"
