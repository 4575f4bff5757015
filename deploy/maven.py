"""Java programs for development and tests: their jars come from Maven once and are kept under ``.cache``."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

CACHE = Path(__file__).parent.parent / ".cache"
_SPACE = {"m": "http://maven.apache.org/POM/4.0.0"}


class JarsError(RuntimeError):
    """Java or Maven is missing, or jars cannot be had."""


def jars(pom: Path) -> Path:
    """The folder with the jars of the first dependency in ``pom`` and all that it needs, downloaded if they are not
    there. It is named after the project in ``pom`` and the dependency's version.

    Raises JarsError where Java or Maven is missing, or the download fails.
    """
    for tool, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if shutil.which(tool) is None:
            raise JarsError(f"no {tool}: install it (on Debian and Ubuntu: apt-get install {package})")
    project = ElementTree.parse(pom).getroot()
    version = project.findtext("m:dependencies/m:dependency/m:version", namespaces=_SPACE)
    cache = CACHE / str(project.findtext("m:artifactId", namespaces=_SPACE))
    folder = cache / f"libs-{version}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="libs-", dir=cache))
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={partial}"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            shutil.rmtree(partial)
            raise JarsError(f"Maven could not fetch the jars of {pom}:\n{(run.stdout + run.stderr)[-2000:]}")
        with contextlib.suppress(OSError):  # another run may have been first
            partial.rename(folder)
        shutil.rmtree(partial, ignore_errors=True)
    return folder
