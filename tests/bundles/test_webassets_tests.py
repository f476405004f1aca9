"""webassets' own tests, run over our bundles: what passes there passes here, or there is a ruling why not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RULINGS = HERE / "webassets_rulings.txt"
SECONDS = 200
ABOUT_TIME = "not Watch and not Argparse"  # they wait for a thread that sleeps


def rulings():
    """The ruling of each test that differs."""
    found, ruling = {}, ""
    for line in RULINGS.read_text().splitlines():
        if line.startswith("    "):
            assert line.strip() not in found, line
            found[line.strip()] = ruling
        elif not line.startswith("#"):
            ruling = line or ruling
    return found


def test_every_ruling_is_one_of_a_number_or_a_sentence_and_each_test_has_one():
    assert all(ruling.endswith((".", ":")) for ruling in rulings().values())
    numbers = {int(number) for ruling in rulings().values() for number in re.findall(r"\AD-(\d+):", ruling)}
    known = {int(number) for number in re.findall(r"def test_d_(\d+)_", (HERE / "test_bundle_rulings.py").read_text())}
    assert numbers - known == {31}  # which is told of in test_delivery.py


@pytest.mark.slow
def test_what_passes_with_webassets_passes_here_or_has_a_ruling():
    checkout = os.environ.get("WEBASSETS_CHECKOUT", "")
    if not (Path(checkout) / "tests" / "test_bundle_build.py").is_file():
        pytest.skip("WEBASSETS_CHECKOUT does not name a checkout of github.com/miracle2k/webassets, at 3.0.0")
    theirs = passed(checkout, Path(checkout) / "src")
    ours = passed(checkout, HERE / "webassets_shim")
    assert len(theirs) > 200
    assert theirs - ours == set(rulings())


def passed(checkout, package):
    """Which of the tests in *checkout* pass with the package webassets that is in the directory *package*."""
    source = str(Path(checkout) / "src")
    environ = {**os.environ, "WEBASSETS_SRC": source, "PYTHONPATH": os.pathsep.join([str(package), checkout])}
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-W", "ignore", "-c", os.devnull]
    done = subprocess.run(
        [*command, "--rootdir", checkout, "-k", ABOUT_TIME, "tests"],
        cwd=checkout, env=environ, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    return set(re.findall(r"^PASSED tests/(\S+)$", done.stdout, re.MULTILINE))
