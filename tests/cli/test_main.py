"""`python -m assetzcml`."""

import runpy
import sys

import pytest


def test_the_package_as_a_program_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["assetzcml", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("assetzcml", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("Usage: python -m assetzcml ")


def test_the_module_alone_runs_nothing():
    assert "main" in runpy.run_module("assetzcml.__main__", run_name="imported")
