"""docs/machines.rst: its commands, one after the other, with a service of S3's kind in the place of Amazon's and of the CDN."""

import doctest
import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from assetzcml import AssetRegistry
from assetzcml.cli import main
from documents import write_tree

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "machines.rst"
COMMAND = re.compile(r"^    \$ assetzcml (.*)\n((?:(?!    \$ )    .*\n)*)", re.MULTILINE)
XML = re.compile(r"^\.\. code-block:: xml\n\n((?:(?:   .*)?\n)+)", re.MULTILINE)


def test_the_commands_of_the_page_take_a_site_from_one_machine_to_the_world(service, tmp_path, monkeypatch):
    text = PAGE.read_text(encoding="utf-8")
    site, shared = (found.replace("/var/lib/shop/assets", f"{tmp_path}/local") for found in XML.findall(text))
    write_tree(
        tmp_path,
        {
            "site.zcml": site,
            "shared.zcml": shared,
            "static/shop.css": "h1 { background: url(logo.svg) }\n",
            "static/logo.svg": "<svg/>\n",
        },
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    story = COMMAND.findall(text)
    assert [command.split()[0] for command, _ in story] == [
        *("store", "freeze", "verify", "export"),
        *("freeze", "publish", "publish", "verify", "publish", "gc"),
    ]
    for command, output in story:
        arguments = [
            f"{service.endpoint}/shop-assets/live" if each == "https://cdn.example.com" else each
            for each in shlex.split(command)
        ]
        run = CliRunner().invoke(main, arguments)
        expected = re.sub("^    ", "", output, flags=re.MULTILINE)
        assert doctest.OutputChecker().check_output(expected, run.output, doctest.ELLIPSIS), (command, run.output)
        assert run.exit_code == 0
        if command.startswith("export"):
            assert {path.name for path in (tmp_path / "conf").iterdir()} == {"locations.conf", "maps.conf"}
    (url,) = (
        AssetRegistry(settings={"frozen": str(manifest)}).static_url("./static/shop.css")
        for manifest in (tmp_path / "build/generations").glob("*.json")
        if "cdn.example.com" in manifest.read_text(encoding="utf-8")
    )
    assert re.fullmatch(r"https://cdn\.example\.com/static/shop-[0-9a-f]{12}\.css", url)
    assert f"live/{url.partition('.com/')[2]}" in service.objects
