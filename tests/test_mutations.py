"""
What a slip in ZCML or in a tree of files does: the examples are broken in every way we can think of, one at a time.

Each is noticed by the load or by `check`, or is listed here with the reason why it is legitimate.
"""

import importlib
import itertools
import re
import shutil
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from assetzcml import AssetRegistry, load_zcml
from assetzcml.reports.findings import Checker

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
CONFIG = "theme:configure.zcml"
PACKAGES = ("shop", "theme")

# What no tool can call wrong: a mutation, as a pattern of its label, and why it is legitimate.
LEGITIMATE = {
    r"swap .*": "the order of what does not conflict is free: how strong a file is depends on where it is included",
    r"leave the namespace out": "in a file that only includes others: the includes are in every namespace",
    r"remove (staticView|staticFile) .*": "the application publishes less, which is how its author says so",
    r"remove asset .*": "without the override the original is used",
    r"remove cacheBuster .*": "URLs are then plain, or those of the cache buster below",
    r"remove include busters\.zcml": "the same, by the file",
    r"remove include \.admin": "an application may leave out its back office",
    r"remove include routes\.zcml": "the same, for its pages; where views need the routes it is noticed",
    r"remove include pages\.zcml": "a theme may add no page",
    r"remove (route|view) .*": "there is one page less, or the one that it replaced; where somebody needs it, it is noticed",
    r"remove exclude .*": "the application's file is then read, as it is without the theme",
    r"say exclude .* twice": "what is left out twice is left out",
    r"(misspell|empty|remove the slash of) (the value of )?pattern=.*": "every path is a path: URLs are made from it",
    r"remove includeOverrides (overrides|views)\.zcml": "a theme that overrides nothing is the application as it is",
    r"misspell the value of name=.*": "every name is a name: pages get their URLs from the registry",
    r"(misspell|empty) the value of token=.*": "every text is a token",
    r"misspell the value of cache_max_age=.*": "'6' is as good a number of seconds as '60'",
    r"remove the attribute cache_max_age=.*": "it has a default",
    r"remove a file of assets: .*": "no directive names it alone: pages do, and pages are not read here",
    r"remove the directory .*templates": "the same, for all of them",
    r"empty a file of assets: .*": "a file may be empty",
}


class Mutation(NamedTuple):
    """*path* gets *content*, or is removed for None; *label* says what happens there."""

    path: str
    label: str
    content: bytes | None

    def __str__(self):
        return f"{self.path}: {self.label}"


TAG = re.compile(r"<(\w+)((?:\s+[\w:]+=\"[^\"]*\")*)\s*/?>")
ATTRIBUTE = re.compile(r"([\w:]+)=\"([^\"]*)\"")


def misspelled(word):
    """*word* without a character of its last name."""
    start, name = re.match(r"(.*?)([^/:.]*(?:\.\w+)?/?)\Z", word, re.DOTALL).groups()
    at = len(name) // 2
    return start + name[:at] + name[at + 1 :]


def of_zcml(path, text):
    """The mutations of one ZCML file."""

    def changed(label, content):
        if content != text:
            yield Mutation(path, label, content.encode())

    def replaced(label, found, start, stop, new):
        at = found.start()
        yield from changed(label, text[: at + start] + new + text[at + stop :])

    yield from changed("cut it in the middle", text[: len(text) // 2])
    yield from changed("close nothing", text.replace("</configure>", ""))
    yield from changed("misspell the namespace", text.replace("/assets", "/asset"))
    yield from changed("leave the namespace out", re.sub(r' xmlns="[^"]*"', "", text, count=1))
    yield from changed("write text between the directives", text.replace("\n\n", "\n\nand\n\n", 1))
    tags = [found for found in TAG.finditer(text) if found[1] != "configure"]
    for found in tags:
        attributes = dict(ATTRIBUTE.findall(found[2]))
        named = attributes.get("name") or attributes.get("file") or attributes.get("package") or attributes.get("path")
        what = (
            f"{found[1]} {named!r}" if "name" in attributes else f"{found[1]} {named or attributes.get('to_override')}"
        )
        whole = len(found[0])
        yield from replaced(f"remove {what}", found, 0, whole, "")
        yield from replaced(f"say {what} twice", found, 0, whole, f"{found[0]}\n  {found[0]}")
        yield from replaced(f"misspell {what}", found, 1, 1 + len(found[1]), misspelled(found[1]))
        if found[0].endswith("/>"):
            yield from replaced(f"do not close {what}", found, whole - 2, whole, ">")
        for each in ATTRIBUTE.finditer(found[0]):
            key, value = each.groups()
            start, stop = each.span(2)
            said = f"{key}={value!r}"
            yield from replaced(f"misspell the name of {said}", found, *each.span(1), misspelled(key))
            yield from replaced(f"remove the attribute {said}", found, each.start() - 1, each.end(), "")
            yield from replaced(f"say {said} twice", found, each.end(), each.end(), f" {each[0]}")
            yield from replaced(f"misspell the value of {said}", found, start, stop, misspelled(value))
            yield from replaced(f"empty the value of {said}", found, start, stop, "")
            if value.endswith("/"):
                yield from replaced(f"remove the slash of {said}", found, start, stop, value[:-1])
            elif key in ("to_override", "override_with"):
                yield from replaced(f"add a slash to {said}", found, start, stop, f"{value}/")
            if ":" in value:
                yield from replaced(f"misspell the package of {said}", found, start, stop, f"x{value}")
                yield from replaced(
                    f"write a slash for the colon of {said}", found, start, stop, value.replace(":", "/")
                )
    for one, other in itertools.pairwise(tags):
        between = text[one.end() : other.start()]
        new = text[: one.start()] + other[0] + between + one[0] + text[other.end() :]
        yield from changed(f"swap {one[1]} and {other[1]}", new)


def mutations():
    """All of them, the same in every run."""
    for load in load_zcml(CONFIG).loads:
        for file in load.files:
            path = str(Path(file.path).relative_to(EXAMPLES))
            yield Mutation(path, "remove the ZCML file", None)
            yield Mutation(path, "empty the ZCML file", b"")
            yield from of_zcml(path, Path(file.path).read_text(encoding="utf-8"))
    for package in PACKAGES:
        for path in sorted((EXAMPLES / package).rglob("*")):
            name = str(path.relative_to(EXAMPLES))
            if "__pycache__" in path.parts or path.suffix == ".zcml":
                continue
            if path.is_dir():
                yield Mutation(name, f"remove the directory {path.name}", None)
            elif path.suffix != ".py":
                yield Mutation(name, f"remove a file of assets: {path.name}", None)
                yield Mutation(name, f"empty a file of assets: {path.name}", b"")


MUTATIONS = list(mutations())


def kind(mutation):
    """What is done to what sort of file, whatever the names in it are."""
    return re.sub(r"'[^']*'|[:=].*", "", mutation.label), Path(mutation.path).suffix


# One of each kind.
FEW = list({kind(mutation): mutation for mutation in MUTATIONS}.values())


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the examples, which is what is imported while these tests run."""
    directory = tmp_path_factory.mktemp("mutations")
    for package in PACKAGES:
        shutil.copytree(EXAMPLES / package, directory / package, ignore=shutil.ignore_patterns("__pycache__"))
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in PACKAGES}
    sys.path.insert(0, str(directory))
    sys.dont_write_bytecode, former = True, sys.dont_write_bytecode
    finders = sys.meta_path[:]
    # An editable installation would find what is missing in the copy.
    sys.meta_path[:] = [finder for finder in finders if "examples" not in getattr(finder, "__module__", "")]
    yield directory
    sys.meta_path[:] = finders
    sys.dont_write_bytecode = former
    sys.path.remove(str(directory))
    forget()
    sys.modules.update(kept)


def forget():
    """Let the packages be imported anew."""
    for name in list(sys.modules):
        if name.partition(".")[0] in PACKAGES:
            del sys.modules[name]
    importlib.invalidate_caches()


def noticed(mutation, copy):
    """The codes of what `check` says when the examples have been changed so; the copy is put right again."""
    target = copy / mutation.path
    if mutation.content is not None:
        target.write_bytes(mutation.content)
    elif target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()
    try:
        forget()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [finding.code for finding in AssetRegistry().part(Checker).check(CONFIG)]
    finally:
        original = EXAMPLES / mutation.path
        if original.is_dir():
            shutil.copytree(original, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.write_bytes(original.read_bytes())


def test_there_is_nothing_to_notice_in_the_examples_as_they_are(copy):
    forget()
    assert AssetRegistry().part(Checker).check(CONFIG) == []


@pytest.mark.whole
def test_a_mutation_of_each_kind_is_noticed_or_there_is_a_reason_why_it_is_legitimate(copy):
    assert len(FEW) >= 80
    missed = [mutation for mutation in FEW if not noticed(mutation, copy)]
    assert [
        str(mutation) for mutation in missed if not any(re.fullmatch(pattern, mutation.label) for pattern in LEGITIMATE)
    ] == []
    assert len(FEW) - len(missed) >= 40


@pytest.mark.slow
def test_every_mutation_is_noticed_or_there_is_a_reason_why_it_is_legitimate(copy):
    assert len(MUTATIONS) >= 80
    assert len(set(MUTATIONS)) == len(MUTATIONS)
    missed = [mutation for mutation in MUTATIONS if not noticed(mutation, copy)]
    reasons = {
        mutation: [pattern for pattern in LEGITIMATE if re.fullmatch(pattern, mutation.label)] for mutation in missed
    }
    unexplained = [str(mutation) for mutation, patterns in reasons.items() if not patterns]
    assert unexplained == []
    used = {pattern for patterns in reasons.values() for pattern in patterns}
    assert set(LEGITIMATE) - used == set(), "reasons that nothing needs"
    assert len(MUTATIONS) - len(missed) >= 80
