"""What the distribution declares, and how it is built and installed in a test."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass
from importlib.metadata import distribution, requires
from pathlib import Path

from packaging.requirements import Requirement

from tests.house.sources import PACKAGES, ROOT, relative, repository_files

CONSTRAINT = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)")
STUBS = re.compile(r"\bmicropython-\w+-\w+-stubs\b")
USERS_EXTRAS = (
    "campaign",
    "cluster",
    "dashboard",
    "engines",
    "flash",
    "frames",
    "mutation",
    "pytest",
    "report",
)
# Distributions whose module has another name.
MODULE_NAMES = {
    "littlefs-python": "littlefs",
    "pyserial": "serial",
    "pyvcd": "vcd",
    "gym-electric-motor": "gym_electric_motor",
}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def normalised(name: str) -> str:
    """A distribution's name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(requirement: str) -> str:
    """The distribution that a requirement names."""
    match = re.match(r"[\w.-]+", requirement)
    assert match, requirement
    return normalised(match.group())


def run_time_requirements() -> set[str]:
    """Distributions that some install of penloop for its users brings."""
    project = PROJECT["project"]
    extras = [project["optional-dependencies"][name] for name in USERS_EXTRAS]
    return {requirement_name(item) for item in sum(extras, project["dependencies"])}


def direct_requirements() -> set[str]:
    """Every distribution that pyproject.toml or the set-up names."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    named = {requirement_name(item) for extra in extras for item in extra}
    named |= {requirement_name(item) for item in PROJECT["build-system"]["requires"]}
    named |= {normalised(name) for name in STUBS.findall((ROOT / "tools/setup.sh").read_text())}
    return (named | run_time_requirements()) - {"penloop"}


def closure(*extras: str) -> set[str]:
    """Every distribution that an install of penloop with these extras brings."""
    found: set[str] = set()
    waiting = [("penloop", frozenset(extras))]
    while waiting:
        name, wanted = waiting.pop()
        for line in requires(name) or ():
            item = Requirement(line)
            marks = [{"extra": extra} for extra in wanted or {""}]
            if item.marker and not any(map(item.marker.evaluate, marks)):
                continue
            if normalised(item.name) not in found:
                found.add(normalised(item.name))
                waiting.append((item.name, frozenset(item.extras)))
    return found


def known_modules() -> frozenset[str]:
    """Top-level modules that our packages may import."""
    foreign = {MODULE_NAMES.get(name, name.replace("-", "_")) for name in run_time_requirements()}
    return frozenset(sys.stdlib_module_names | foreign | set(PACKAGES))


def copy_repository(target: Path) -> Path:
    """The files of the repository, without what was built in it."""
    for path in repository_files():
        copy = target / relative(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    return target


def build_wheel(source: Path, target: Path, **environment: str) -> Path:
    """The wheel that pip makes of a source folder, with nothing downloaded."""
    pip("wheel", "--no-build-isolation", "--wheel-dir", target, source, **environment)
    (wheel,) = target.glob("*.whl")
    return wheel


def pip(command: str, *arguments: object, python: object = sys.executable, **environment: str):
    """Runs the test's pip for some Python, without dependencies or index."""
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "-qq", command, "--no-deps", "--no-index"]
        + [str(argument) for argument in arguments],
        check=True,
        env=_environment(**environment),
    )


@dataclass(frozen=True)
class Environment:
    """An otherwise empty virtual environment that borrows the dependencies of this one."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> "Environment":
        """Makes one; packages of this environment that are editable are not seen there."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
        (cls(root).site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        return cls(root)

    @classmethod
    def with_only(cls, root: Path, *extras: str) -> "Environment":
        """Makes one that has the dependencies of penloop with these extras, and nothing else."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
        for name in closure(*extras):
            for top in {file.parts[0] for file in distribution(name).files or ()} - {".."}:
                source = Path(str(distribution(name).locate_file(top)))
                link = cls(root).site_packages / top
                if not link.exists():
                    link.symlink_to(source)
        return cls(root)

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        (site,) = self.root.glob("lib/python*/site-packages")
        return site

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    def install(self, *arguments: object) -> None:
        """Installs a wheel or a folder."""
        pip("install", "--no-build-isolation", "--force-reinstall", *arguments, python=self.python)

    def evaluate(self, statement: str) -> str:
        """What a statement prints there, run away from the sources."""
        return self.run(self.python, "-c", statement)

    def run(self, *command: object) -> str:
        """What a command prints there; its failure is the test's."""
        result = subprocess.run(
            [str(part) for part in command],
            cwd=self.root,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()


def _environment(**changes: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PENLOOP_NO_COMPILE")}
    return kept | changes
