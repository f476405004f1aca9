"""A project as `django-admin startproject` makes it, with one application and one middleware of ours."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")

pytestmark = pytest.mark.whole

EXAMPLE = Path(__file__).parents[2] / "examples" / "django_project"
QUESTIONS = Path(__file__).parents[1] / "django_questions.py"
THEME = "harbour:configure.zcml"
FOREVER = "public, max-age=31536000, immutable"
LOGIN = [
    "base.css",
    "dark_mode.css",
    "theme.js",
    "nav_sidebar.css",
    "nav_sidebar.js",
    "login.css",
    "responsive.css",
]


def run(*command, site="", debug=False, more="", cwd=EXAMPLE, **environment):
    """What a command prints in the project; *more* are lines at the end of its settings."""
    known = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(cwd), str(EXAMPLE)]),
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
        "DEBUG": "1" if debug else "0",
        "SITE": site,
        **environment,
    }
    if more:
        settings = Path(cwd) / "changed_settings.py"
        settings.write_text(f"from mysite.settings import *\n{more}\n")
        known["DJANGO_SETTINGS_MODULE"] = "changed_settings"
    return subprocess.run([sys.executable, *map(str, command)], cwd=cwd, env=known, capture_output=True, text=True)


def ask(*question, **options):
    done = run(QUESTIONS, *question, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def plain(url):
    """A URL whose tree version is named and not said."""
    return re.sub(r"~[0-9a-f]{12}/", "~V/", url)


def manage(*command, **options):
    return run(EXAMPLE / "manage.py", *command, **options)


@pytest.mark.parametrize("handler", [[], ["static"]], ids=["middleware", "StaticFilesHandler"])
@pytest.mark.parametrize("debug", [False, True])
def test_every_asset_of_the_admins_login_and_of_a_page_is_answered_and_the_packages_override_wins(handler, debug):
    found = ask("pages", *handler, site=THEME, debug=debug)
    assert [status for status, *_ in found.values()] == [200] * 9
    first = {url.rpartition("/")[2][:5]: line for url, (_, line, *_) in found.items()}
    assert first["login"] == ".login #header { background: rgb(0, 64, 160) }"
    assert {kind.partition(";")[0] for *_, kind in found.values()} == {"text/css", "text/javascript"}


def test_what_the_middleware_answers_under_a_versioned_name_is_kept_for_ever():
    found = ask("pages")
    assert {cache for _, _, cache, _ in found.values()} == {FOREVER}
    assert [plain(url).rpartition("/")[2] for url in found][:7] == LOGIN
    assert {plain(url)[:11] for url in found} == {"/static/~V/"}


def test_while_debug_is_on_names_are_plain_and_the_browser_asks_again():
    found = ask("pages", debug=True)
    assert [url.rpartition("/")[2] for url in found][:7] == LOGIN
    assert {cache for _, _, cache, _ in found.values()} == {"no-cache"}


def test_the_order_of_files_is_djangos_in_the_server_in_findstatic_and_in_collectstatic(tmp_path):
    found = ask("pages", debug=True)
    served = found["/static/admin/css/nav_sidebar.css"][1]
    first = manage("findstatic", "--first", "-v0", "admin/css/nav_sidebar.css").stdout.strip()
    more = f"STATIC_ROOT = {str(tmp_path / 'collected')!r}"
    assert manage("collectstatic", "--noinput", "-v0", more=more, cwd=tmp_path).stderr == ""
    collected = (tmp_path / "collected/admin/css/nav_sidebar.css").read_text().splitlines()[0]
    assert (served, Path(first), collected) == (
        "/* The project's own, in the place of the admin's. */",
        EXAMPLE / "static/admin/css/nav_sidebar.css",
        served,
    )


def test_the_earlier_application_goes_before_the_later(tmp_path):
    (tmp_path / "early/static/admin/css").mkdir(parents=True)
    (tmp_path / "early/__init__.py").touch()
    (tmp_path / "early/static/admin/css/base.css").write_text("early")
    more = "INSTALLED_APPS.insert(0, 'early')"
    assert ask("pages", debug=True, more=more, cwd=tmp_path)["/static/admin/css/base.css"][1] == "early"


def test_collectstatic_writes_the_names_that_the_tag_makes(tmp_path):
    more = f"STATIC_ROOT = {str(tmp_path / 'collected')!r}"
    assert manage("collectstatic", "--noinput", "-v0", site=THEME, more=more, cwd=tmp_path).stderr == ""
    for url, (_, line, *_) in ask("pages", site=THEME).items():
        assert (tmp_path / "collected" / url.removeprefix("/static/")).read_text().partition("\n")[0] == line


def test_collectstatic_compresses_for_the_middleware_and_for_a_server_in_front(tmp_path):
    pytest.importorskip("brotli")
    more = f"STATIC_ROOT = {str(tmp_path / 'collected')!r}; ASSETZCML_COMPRESS = ['br', 'gzip']"
    before = sum(ask("sizes", more=more, cwd=tmp_path))
    assert manage("collectstatic", "--noinput", "-v0", site=THEME, more=more, cwd=tmp_path).stderr == ""
    beside = tmp_path / "collected/admin/css"
    assert {path.name for path in beside.glob("base*")} == {"base.css", "base.css.br", "base.css.gz"}
    assert len(list((tmp_path / "collected").glob("~*/admin/css/base.css.gz"))) == 1
    assert sum(ask("sizes", more=more, cwd=tmp_path)) < before / 3


@pytest.mark.parametrize("setting, url", [
    ("", "/static/~V/polls/style.css"),
    ("ASSETZCML_VERSIONS = 'digest'", "/static/polls/style-cd074caddf56.css"),
    ("ASSETZCML_VERSIONS = ''", "/static/polls/style.css"),
    ("STATIC_URL = '/static/'", "/static/~V/polls/style.css"),
    ("STATIC_URL = 'https://cdn.example.com/s/'", "https://cdn.example.com/s/~V/polls/style.css"),
    ("STATIC_URL = '/'; MEDIA_URL = '/media/'", "/~V/polls/style.css"),
    ("STORAGES = {'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'}}",
     "/static/~V/polls/style.css"),
])  # fmt: skip
def test_the_tag_follows_the_settings(setting, url, tmp_path):
    assert list(map(plain, ask("urls", "polls/style.css", more=setting, cwd=tmp_path))) == [url]


def test_a_storage_that_the_project_chose_stays(tmp_path):
    more = """class Own(__import__('django.contrib.staticfiles.storage', fromlist=['x']).StaticFilesStorage):
    def url(self, name): return 'own'
STORAGES = {'staticfiles': {'BACKEND': 'changed_settings.Own'}}"""
    assert ask("urls", "polls/style.css", more=more, cwd=tmp_path) == ["own"]


def test_the_url_of_a_directory_keeps_its_slash_with_query_and_anchor():
    assert ask("urls", "admin/img/", "", "admin/img/?a=1#b", "polls/style.css?v=1#x", "../x", debug=True) == [
        "/static/admin/img/", "/static/", "/static/admin/img/?a=1#b", "/static/polls/style.css?v=1#x", "/x",  # as Django
    ]  # fmt: skip


def test_a_cache_buster_of_zcml_goes_before_the_setting(tmp_path):
    (tmp_path / "site.zcml").write_text(
        '<configure xmlns="http://namespaces.assetzcml.org/assets"><cacheBuster path="polls:static" token="v42"/></configure>'
    )
    site = str(tmp_path / "site.zcml")
    assert list(map(plain, ask("urls", "polls/style.css", "admin/css/base.css", site=site))) == [
        "/static/polls/style.css?x=v42",
        "/static/~V/admin/css/base.css",
    ]


def test_a_static_view_of_zcml_with_the_name_of_static_url_lends_its_options(tmp_path):
    (tmp_path / "site.zcml").write_text(
        '<configure xmlns="http://namespaces.assetzcml.org/assets">'
        '<staticView name="static" path="polls:static" cache_max_age="77"/></configure>'
    )
    found = ask("pages", site=str(tmp_path / "site.zcml"), debug=True)
    assert {(status, cache) for status, _, cache, _ in found.values()} == {(200, "public, max-age=77")}


def test_a_plain_template_name_sees_overrides_and_the_original():
    assert ask("templates", site=THEME) == [
        "<li>From the harbour</li>",
        '<li><a href="/polls/5/">What\'s up?</a></li>',
    ]
    assert ask("templates") == ['<li><a href="/polls/5/">What\'s up?</a></li>']


def test_under_asgi_a_large_file_is_not_collected_in_memory(tmp_path):
    (tmp_path / "big.bin").write_bytes(b"\0" * 100_000_000)
    more = f"STATICFILES_DIRS.append({str(tmp_path)!r})"
    sent, kilobytes, warned = ask("memory", "/static/big.bin", more=more, cwd=tmp_path)
    assert (sent, warned) == (100_000_000, [])
    assert kilobytes < 12_000


def test_zcml_that_is_wrong_fails_the_check_with_its_place(tmp_path):
    site = tmp_path / "site.zcml"
    site.write_text(
        '<configure xmlns="http://namespaces.assetzcml.org/assets">\n'
        '<staticView name="x" path="polls:nowhere"/>\n</configure>'
    )
    done = manage("check", site=str(site))
    assert done.returncode == 1
    assert f"{site}:2:" in done.stderr
    assert "assetzcml.E001" in done.stderr


def test_the_management_command_answers_what_the_operator_asks():
    explained = manage("assets", "explain", "/static/admin/css/nav_sidebar.css")
    assert explained.returncode == 0
    assert "STATICFILES_DIRS[0]" in explained.stdout
    assert "INSTALLED_APPS django.contrib.admin" in explained.stdout
    url = manage("assets", "url", "polls:static/polls/style.css")
    assert plain(url.stdout.strip()) == "/static/~V/polls/style.css"
    assert "staticView 'static'" in manage("assets", "list", "views").stdout
    assert "no findings" in manage("assets", "check", site=THEME).stdout


@pytest.mark.parametrize("more, kind", [
    ("STATIC_URL = '/st\\\\atic/'", "assetzcml.E002"),
    ("ASSETZCML_VERSIONS = 'sha1'", "assetzcml.E002"),
])  # fmt: skip
def test_a_setting_that_is_wrong_fails_the_check(more, kind, tmp_path):
    done = manage("check", more=more, cwd=tmp_path)
    assert (done.returncode, kind in done.stderr) == (1, True), done.stderr[-2000:]


@pytest.mark.parametrize("debug", [False, True])
def test_the_debug_toolbar_counts_and_django_compressor_reads_what_we_serve(debug, tmp_path):
    pytest.importorskip("debug_toolbar")
    pytest.importorskip("compressor")
    more = f"""INSTALLED_APPS += ["debug_toolbar", "compressor"]
COMPRESS_ENABLED = True
STATIC_ROOT = COMPRESS_ROOT = {str(tmp_path / "collected")!r}
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder", "compressor.finders.CompressorFinder"]
"""
    counted, status, style = ask("panel", site=THEME, debug=debug, more=more, cwd=tmp_path)
    assert (counted, status) == ("1 file used", 200)
    assert "color:green" in style
    assert "rgb(0,64,160)" in style


def zcml(path, *statements):
    path.write_text(f'<configure xmlns="http://namespaces.assetzcml.org/assets">{"".join(statements)}</configure>')
    return str(path)


def test_templates_have_bundles_and_the_urls_of_specs(tmp_path):
    (tmp_path / "made").mkdir()
    site = zcml(
        tmp_path / "site.zcml",
        f'<environment directory="{tmp_path / "made"}"/><staticView name="made" path="{tmp_path / "made"}"/>',
        '<bundle name="all.css" contents="polls:static/polls/style.css" output="all.css"/>',
    )
    tags, urls, url, plain_text = ask(
        "rendered",
        '{% load assetzcml %}{% bundle_tags "all.css" media="print" %}',
        '{% load assetzcml %}{% bundle_urls "all.css" as urls %}{{ urls|join:" " }}',
        '{% load assetzcml %}{% asset_url "polls:static/polls/style.css" %}',
        "{{ name }}",
        site=site,
    )
    assert re.fullmatch(
        r'<link rel="stylesheet" href="/mounted/made/all\.css[^"]*" integrity="sha384-[^"]+" media="print">', tags
    )
    assert urls.startswith("/mounted/made/all.css")
    assert (plain(url), plain_text) == ("/mounted/static/~V/polls/style.css", "&lt;b&gt;")


def test_while_debug_is_on_changed_zcml_is_read_again_and_a_broken_one_leaves_what_was(tmp_path):
    site = tmp_path / "site.zcml"
    login = "static/admin/css/login.css"
    good = f'<asset to_override="django.contrib.admin:{login}" override_with="harbour:{login}"/>'
    texts = [zcml(site, *body) and site.read_text() for body in ([], [good], ["<asset/>"], [])]
    zcml(site)
    plain_line, themed, broken, again = ask("edited", site, *texts, site=str(site), debug=True)
    assert themed == [".login #header { background: rgb(0, 64, 160) }", []]
    assert broken[0] == themed[0]
    assert f"{site}:1:" in broken[1][0]
    assert again == plain_line
    assert plain_line[0] != themed[0]


def test_a_live_server_of_the_projects_own_tests_answers_what_the_tag_names():
    assert ask("live", "admin/css/login.css", "polls/style.css", site=THEME) == [
        [[200, ".login #header { background: rgb(0, 64, 160) }"], [200, "li a {"]],
        [],
    ]


FINDERS = """
from django.contrib.staticfiles.finders import BaseFinder, BaseStorageFinder
from django.core.files.storage import FileSystemStorage
class Told(BaseStorageFinder):
    storage = FileSystemStorage({told!r})
class Untold(BaseFinder):
    def find(self, path, find_all=False, **more): return []
    def list(self, ignored):
        storage = FileSystemStorage({untold!r})
        return [("secret.css", storage), ("polls/style.css", storage)]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder", "changed_settings.Told", "changed_settings.Untold"]
"""


def test_a_finder_of_another_project_that_says_where_it_looks_is_published_and_of_the_others_check_tells(tmp_path):
    for name in "told/told.css", "untold/secret.css", "untold/polls/style.css":
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    more = FINDERS.format(told=str(tmp_path / "told"), untold=str(tmp_path / "untold"))
    assert ask("statuses", "/static/told.css", "/static/secret.css", more=more, cwd=tmp_path) == [
        [200, "told/told.css"],
        [404, "404 Not Found"],
    ]
    told = manage("check", more=more, cwd=tmp_path).stderr
    assert (
        f"(assetzcml.W003) {tmp_path / 'untold/secret.css'} is found by changed_settings.Untold, and not published"
        in told
    )
    assert (
        f"(assetzcml.E003) 'polls/style.css' is {tmp_path / 'untold/polls/style.css'} for changed_settings.Untold"
        in told
    )


def test_a_template_that_three_loaders_have_is_djangos_first_and_an_override_goes_before_all(tmp_path):
    (tmp_path / "first/polls").mkdir(parents=True)
    (tmp_path / "first/polls/index.html").write_text("the project's")
    more = f"""TEMPLATES[0]["DIRS"] = [{str(tmp_path / "first")!r}]
TEMPLATES[0]["APP_DIRS"] = False
TEMPLATES[0]["OPTIONS"]["loaders"] = ["django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
    ("django.template.loaders.locmem.Loader", {{"polls/index.html": "never", "only.html": "in memory"}})]
"""
    names = "polls/index.html", "only.html"
    assert ask("named", *names, more=more, cwd=tmp_path) == ["the project's", "in memory"]
    (tmp_path / "themed.html").write_text("themed")
    override = f'<asset to_override="polls:templates/polls/index.html" override_with="{tmp_path / "themed.html"}"/>'
    site = zcml(tmp_path / "site.zcml", override)
    assert ask("named", *names, site=site, more=more, cwd=tmp_path) == ["themed", "in memory"]


def test_what_an_earlier_application_made_in_its_ready_is_made_again(tmp_path):
    (tmp_path / "early/static/early").mkdir(parents=True)
    (tmp_path / "early/static/early/a.css").write_text("a{}")
    (tmp_path / "early/__init__.py").write_text("")
    (tmp_path / "early/apps.py").write_text(
        "from django.apps import AppConfig\n"
        "class Early(AppConfig):\n"
        "    name = 'early'\n"
        "    def ready(self):\n"
        "        from django.template.loader import get_template\n"
        "        from django.templatetags.static import static\n"
        "        get_template('polls/index.html')\n"
        "        static('early/a.css')\n"
    )
    more = "INSTALLED_APPS.insert(0, 'early')"
    (url,) = ask("urls", "early/a.css", more=more, cwd=tmp_path)
    assert plain(url) == "/static/~V/early/a.css"
    assert ask("templates", site=THEME, more=more, cwd=tmp_path)[0] == "<li>From the harbour</li>"


def test_what_djangos_manifest_storage_has_collected_is_served_and_kept_for_ever(tmp_path):
    more = f"""STATIC_ROOT = {str(tmp_path / "collected")!r}
STORAGES = {{"staticfiles": {{"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}}}
"""
    assert manage("collectstatic", "--noinput", "-v0", site=THEME, more=more, cwd=tmp_path).stderr == ""
    found = ask("pages", site=THEME, more=more, cwd=tmp_path)
    assert {(status, cache) for status, _, cache, _ in found.values()} == {(200, FOREVER)}
    assert all(re.search(r"\.[0-9a-f]{12}\.\w+$", url) for url in found)
    first = {url.rpartition("/")[2][:5]: line for url, (_, line, *_) in found.items()}
    assert first["login"] == ".login #header { background: rgb(0, 64, 160) }"
    assert ask("statuses", "/static/admin/css/base.css", more=more, cwd=tmp_path)[0][0] == 200


@pytest.mark.parametrize("kind", ["without __init__", "in an archive"])
def test_an_application_may_be_any_package(kind, tmp_path):
    home = tmp_path / "packages"
    (home / "odd/static/odd").mkdir(parents=True)
    (home / "odd/templates").mkdir()
    (home / "odd/static/odd/a.css").write_text("odd")
    (home / "odd/templates/odd.html").write_text("the odd one's")
    if kind == "in an archive":
        (home / "odd/__init__.py").touch()
        home = shutil.make_archive(str(tmp_path / "odd"), "zip", home)
        shutil.rmtree(tmp_path / "packages")
    more = f"import sys\nsys.path.append({str(home)!r})\nINSTALLED_APPS.append('odd')"
    assert ask("statuses", "/static/odd/a.css", more=more, cwd=tmp_path) == [[200, "odd"]]
    assert ask("named", "odd.html", more=more, cwd=tmp_path) == ["the odd one's"]


def test_an_application_that_is_listed_twice_is_djangos_error(tmp_path):
    done = run(QUESTIONS, "urls", "polls/style.css", more="INSTALLED_APPS.append('polls')", cwd=tmp_path)
    assert "django.core.exceptions.ImproperlyConfigured: Application labels aren't unique" in done.stderr


def test_a_relative_static_url_is_below_the_script_name_as_in_django(tmp_path):
    more = "STATIC_URL = 'assets/'; FORCE_SCRIPT_NAME = '/mounted'"
    (url,) = ask("urls", "polls/style.css", more=more, cwd=tmp_path)
    assert plain(url) == "/mounted/assets/~V/polls/style.css"
    assert ask("statuses", "/assets/polls/style.css", more=more, cwd=tmp_path) == [[200, "li a {"]]
