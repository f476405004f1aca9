"""Many calls as one load: all problems at once, one snapshot, nothing changed on an error."""

import threading

import pytest

from assetzcml import AssetRegistry, ConfigurationError, QueryStringConstantCacheBuster


@pytest.fixture
def shop(package):
    return package(
        {"static/app.css": "a", "static/b.css": "b", "theme/app.css": "t", "dark/app.css": "d"}, name="shop_c"
    )


def declared(registry):
    snapshot = registry.snapshot
    records = snapshot.views, snapshot.overrides, snapshot.bustings, snapshot.routes, snapshot.pages
    return [str(record) for kind in records for record in kind], snapshot.policy, snapshot.losses


def test_the_calls_of_a_block_are_in_force_at_its_end_and_not_before(shop):
    registry = AssetRegistry()
    before = registry.snapshot
    with registry.declaring():
        registry.add_static_view("static", "shop_c:static")
        registry.override_asset("shop_c:static/", "shop_c:theme/")
        assert registry.snapshot is before
        assert registry.resolve("shop_c:static/app.css").read_bytes() == b"a"
    assert registry.resolve("shop_c:static/app.css").read_bytes() == b"t"
    assert registry.static_path("shop_c:static/app.css") == "/static/app.css"


def test_all_problems_of_a_block_are_told_at_once_each_at_its_line_and_nothing_has_changed(shop):
    registry = AssetRegistry()
    registry.add_static_view("kept", "shop_c:static")
    before = declared(registry)
    with pytest.raises(ConfigurationError) as caught, registry.declaring():  # noqa: PT012
        registry.add_static_view("static", "shop_c:static", dotfiles="no")
        registry.add_static_view("good", "shop_c:static")
        registry.override_asset("nosuch_c:a", "shop_c:static/app.css")
        registry.add_route("a", "/{")
    messages = [problem.message for problem in caught.value.problems]
    assert len(messages) == 3
    for message, part in zip(
        messages, ("dotfiles is 'no'", "there is no package 'nosuch_c'", "'{' is not closed"), strict=True
    ):
        assert part in message
    lines = [problem.origin.line for problem in caught.value.problems]
    assert {problem.origin.file for problem in caught.value.problems} == {__file__}
    assert [line - lines[0] for line in lines] == [0, 2, 3]
    assert declared(registry) == before


def test_what_is_wrong_only_of_all_calls_together_is_told_at_the_end(shop):
    registry = AssetRegistry()
    with pytest.raises(ConfigurationError, match="overrides go round in a circle"), registry.declaring():  # noqa: PT012
        registry.override_asset("shop_c:theme/", "shop_c:dark/")
        registry.override_asset("shop_c:dark/", "shop_c:theme/")
    assert registry.snapshot.overrides == ()
    with registry.declaring():  # and what is right only together is right
        registry.add_route("a", "/a", before="b")
        registry.add_route("b", "/b")
    assert [route.name for route in registry.snapshot.routes] == ["a", "b"]


def test_a_block_that_ends_with_an_exception_declares_nothing(shop):
    registry = AssetRegistry()
    with pytest.raises(ZeroDivisionError), registry.declaring():  # noqa: PT012
        registry.add_static_view("static", "shop_c:static")
        raise ZeroDivisionError
    assert registry.snapshot.views == ()
    registry.add_static_view("static", "shop_c:static")  # and is over
    assert [view.name for view in registry.snapshot.views] == ["static"]


def test_an_inner_block_is_part_of_the_outer_one(shop):
    registry = AssetRegistry()
    with registry.declaring():
        registry.add_static_view("a", "shop_c:static")
        with registry.declaring():
            registry.add_static_view("b", "shop_c:static")
        assert registry.snapshot.views == ()
        with pytest.raises(ZeroDivisionError), registry.declaring():  # noqa: PT012
            registry.add_static_view("c", "shop_c:static", dotfiles="no")
            registry.add_static_view("d", "shop_c:static")
            raise ZeroDivisionError
    assert [view.name for view in registry.snapshot.views] == ["b", "a"]


def test_later_calls_are_stronger_as_without_a_block(shop):
    registry, other = AssetRegistry(), AssetRegistry()

    def calls(registry):
        registry.add_static_view("static", "shop_c:static")
        registry.override_asset("shop_c:static/app.css", "shop_c:theme/app.css")
        registry.override_asset("shop_c:static/app.css", "shop_c:dark/app.css")
        registry.add_static_view("static", "shop_c:static", cache_max_age=5)
        registry.add_cache_buster("shop_c:static", QueryStringConstantCacheBuster("v1"))

    with registry.declaring():
        calls(registry)
    calls(other)
    assert registry.resolve("shop_c:static/app.css").read_bytes() == b"d"
    assert registry.snapshot.views[0].cache_max_age == 5
    assert [loss.loser.cache_max_age for loss in registry.snapshot.losses] == [3600]
    assert declared(registry)[0] == declared(other)[0]
    assert (
        registry.static_path("shop_c:static/b.css") == other.static_path("shop_c:static/b.css") == "/static/b.css?x=v1"
    )


def test_a_load_inside_of_a_block_is_refused(shop, zcml):
    registry = AssetRegistry()
    zcml("", registry=registry)
    for load in (lambda: zcml("", registry=registry), registry.reload):
        with registry.declaring(), pytest.raises(ConfigurationError, match=r"inside of declaring\(\) is refused"):
            load()
    zcml("", registry=registry)


def test_calls_of_other_threads_wait_for_the_end_of_a_block(shop):
    registry = AssetRegistry()
    began, done = threading.Event(), []

    def call():
        began.set()
        registry.add_static_view("other", "shop_c:static")
        done.append([view.name for view in registry.snapshot.views])

    thread = threading.Thread(target=call)
    with registry.declaring():
        registry.add_static_view("mine", "shop_c:static")
        thread.start()
        assert began.wait(10)
        assert registry.snapshot.views == ()  # who asks does not wait
        assert done == []
    thread.join(10)
    assert done == [["other", "mine"]]


def test_a_registry_can_be_asked_by_other_threads_inside_a_block(shop):
    registry, answers = AssetRegistry(), []
    with registry.declaring():
        registry.add_static_view("mine", "shop_c:static")
        thread = threading.Thread(target=lambda: answers.append(registry.snapshot.views))
        thread.start()
        thread.join(10)
    assert answers == [()]


class Written:
    """A path object of another kind than pathlib's, whose `str` is no path."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


@pytest.mark.parametrize("target", ["assetzcml:zcml/", "assetzcml"])
def test_a_path_object_has_no_slash_and_is_a_directory_where_the_other_side_is_one(tmp_path, target):
    (tmp_path / "meta.zcml").write_text("mine")
    for path in (tmp_path, Written(str(tmp_path)), Written(f"{tmp_path}/")):
        registry = AssetRegistry()
        registry.override_asset(target, path)
        found = registry.resolve("assetzcml:zcml/meta.zcml" if target.endswith("/") else "assetzcml:meta.zcml")
        assert found.abspath() == str(tmp_path / "meta.zcml")


def test_a_path_object_is_a_file_where_the_other_side_is_one(tmp_path):
    registry = AssetRegistry()
    (tmp_path / "mine").write_text("")
    registry.override_asset("assetzcml:py.typed", Written(str(tmp_path / "mine")))
    assert [override.file for override in registry.snapshot.overrides] == [True]
    with pytest.raises(ConfigurationError, match="override_with is a directory"):
        registry.override_asset("assetzcml:py.typed", Written(f"{tmp_path}/"))
    with pytest.raises(ConfigurationError, match="override_with is a whole package"):
        registry.override_asset("assetzcml:py.typed", Written("shop"))


def test_what_explain_is_asked_may_be_any_path_object():
    assert AssetRegistry().explain(Written("assetzcml:py.typed")).asked == "assetzcml:py.typed"
