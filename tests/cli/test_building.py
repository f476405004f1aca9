"""`build` from within: what each round yields, and what is told once, again, or in one line of all."""

import hashlib
from itertools import islice

import click
import pytest
from click.testing import CliRunner

from assetzcml import ConfigurationError, load_zcml
from assetzcml.cli import building, main
from assetzcml.cli.building import build_summary, built_line, rounds
from documents import document

BUNDLE = '<staticView name="st" path="static"/><environment directory="static"/>'
JOINED = BUNDLE + '<bundle name="{}" contents="{}" output="out.js"/>'


@pytest.fixture
def watched(package, monkeypatch):
    """A function that yields the rounds of a package, and *write*, which edits its files."""
    monkeypatch.setattr(building, "PAUSE", 0)
    name = package(
        {"static/a.js": "a", "static/empty.js": "", "configure.zcml": document(JOINED.format("app", "a.js"))}
    )

    def begin(*names, watch=True, **options):
        registry = load_zcml(f"{name}:configure.zcml")
        return rounds(registry, names, jobs=1, force=False, done=lambda bundle, outcome: None, watch=watch, **options)

    begin.config = f"{name}:configure.zcml"
    begin.write = lambda file, text: (package.directory / name / file).write_text(text)
    return begin


def changed(outcomes):
    return [(outcome.bundle.name, outcome.changed) for outcome in outcomes]


def test_without_watching_there_is_one_round(watched):
    assert [changed(outcomes) for outcomes in watched(watch=False)] == [[("app", True)]]


def test_there_is_no_round_after_the_end_was_asked_for(watched):
    answers = iter([True, False])
    assert [changed(outcomes) for outcomes in watched(goes_on=lambda: next(answers))] == [
        [("app", True)],
        [("app", False)],
    ]


def test_each_round_builds_what_is_out_of_date_by_then(watched):
    going = watched()
    assert changed(next(going)) == [("app", True)]
    assert changed(next(going)) == [("app", False)]
    watched.write("static/a.js", "another")
    assert changed(next(going)) == [("app", True)]


def test_a_broken_edit_is_told_once_and_a_good_one_is_taken_over(watched, capsys):
    going = watched()
    next(going)
    watched.write("configure.zcml", "<configure")
    assert changed(next(going)) == [("app", False)]
    told = capsys.readouterr().err
    assert "configure.zcml:" in told
    assert told.endswith("the configuration is broken: the former one goes on\n")
    next(going)
    assert capsys.readouterr() == ("", "")
    watched.write("configure.zcml", document(JOINED.format("other", "a.js")))
    assert [name for name, _ in changed(next(going))] == ["other"]
    assert capsys.readouterr() == ("configuration reloaded\n", "")


def test_what_is_wrong_of_all_and_not_of_one_bundle_is_told_once_until_it_is_mended(watched, capsys):
    going = watched("later")
    assert [next(going), next(going)] == [[], []]
    assert capsys.readouterr().err == "no bundle has the name 'later'\n"
    watched.write("configure.zcml", document(JOINED.format("later", "a.js")))
    assert changed(next(going)) == [("later", True)]
    watched.write("configure.zcml", document(JOINED.format("app", "a.js")))
    next(going)
    assert capsys.readouterr().err == "no bundle has the name 'later'\n"


def test_without_watching_what_is_wrong_of_all_ends_the_build(watched):
    with pytest.raises(ConfigurationError, match="no bundle has the name 'later'"):
        next(watched("later", watch=False))


def test_an_output_of_nothing_saved_nothing(watched):
    watched.write("configure.zcml", document(JOINED.format("app", "empty.js")))
    ((built,),) = watched(watch=False)
    assert built_line(built) == f"app: built, 0 bytes, {built.path}"


def test_the_summary_counts_what_was_built_what_was_not_and_what_failed(watched):
    going = watched()
    (first,), (again,) = next(going), next(going)
    failed = ConfigurationError("no such property")
    assert build_summary([first, again, failed], 1.25) == (
        "1 built, 1 up to date, 1 failed, 1 byte (100 % of 1 byte), 1.2 s"
    )
    assert build_summary([again], 0) == "0 built, 1 up to date, 0.0 s"


def test_a_reload_that_fails_for_another_reason_is_named(capsys):
    building._reloaded(OSError("no such file"))
    assert capsys.readouterr().err.startswith("OSError: no such file\n")


@pytest.mark.parametrize(
    "colour, terminal, coloured", [("red", True, True), ("red", False, False), (None, True, False)]
)
def test_only_a_terminal_gets_colours(colour, terminal, coloured):
    text = building._coloured("app: failed", colour, terminal)
    assert click.unstyle(text) == "app: failed"
    assert (text != "app: failed") is coloured


@pytest.mark.parametrize("options", [[], ["--format", "json"]])
def test_the_command_tells_each_bundle_once_however_many_rounds_there_are(options, watched, monkeypatch):
    real = building.rounds

    def three(*arguments, **named):
        return islice(real(*arguments, **named), 3)

    monkeypatch.setattr(building, "rounds", three)
    printed = CliRunner().invoke(main, ["build", watched.config, "--watch", *options])
    assert printed.exit_code == 0
    assert printed.output.count("out.js") == 1


@pytest.mark.parametrize("kept", [True, False])
def test_a_build_counts_the_trees_with_the_outputs_where_the_digests_are_kept(package, tmp_path, monkeypatch, kept):
    monkeypatch.setattr(
        "assetzcml.resolving.digests.may_change_unseen", lambda status: False
    )  # what was written a moment ago is trusted
    store = tmp_path / "digests.store"
    declared = JOINED.format("app", "a.js") + '<cacheBuster path="static" tree="sha256"/>'
    name = package({"static/a.js": "a", "configure.zcml": document(declared)})
    arguments = ["build", f"{name}:configure.zcml", *(["--setting", f"digest_store={store}"] if kept else [])]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert store.exists() is kept
    if kept:
        digest = hashlib.sha256((package.directory / name / "static/out.js").read_bytes()).hexdigest()
        assert digest in store.read_text()
