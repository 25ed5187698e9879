"""What the pages look like is made at set-up, asks no other host, and says what is missing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from trial.config import assets

AKSEL = """
@layer aksel.theming{:root,:host,.light{--ax-bg-default: #fff}.dark{--ax-bg-default: #000}
:root,:host,.light,.dark{--x: y}}
@font-face{font-family:"Source Sans 3";src:url(https://cdn.nav.no/a.woff2) format("woff2")}
.aksel-button{color:red}
"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A node_modules with the files that the build reads."""
    for name, text in {
        "@navikt/ds-css/dist/index.min.css": AKSEL,
        "@navikt/aksel-icons/dist/svg/Plus.svg": '<svg viewBox="0 0 24 24">\n<path d="M1 1"/>\n</svg>\n',
        "htmx.org/dist/htmx.min.js": "var htmx",
    }.items():
        path = tmp_path / "node_modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    fonts = tmp_path / "node_modules/@fontsource-variable/source-sans-3/files"
    fonts.mkdir(parents=True)
    for subset in assets.FONT_SUBSETS:
        for style in ("normal", "italic"):
            (fonts / f"source-sans-3-{subset}-wght-{style}.woff2").write_bytes(b"woff2")
    return tmp_path / "node_modules"


@pytest.fixture
def empty_place(tmp_path: Path, modules: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose packages are installed by hand and whose Vega is one line."""
    shutil.copyfile(settings.ROOT / "package-lock.json", tmp_path / "package-lock.json")
    settings.ROOT, settings.LOCAL = tmp_path, tmp_path / "local"
    monkeypatch.setattr(assets, "install", lambda: None)
    monkeypatch.setattr(assets.vl_convert, "javascript_bundle", lambda snippet, vl_version: snippet)
    return tmp_path


def test_the_style_sheet_asks_no_other_host() -> None:
    css = assets.aksel_css(AKSEL)
    assert "http" not in css
    assert css.count("@font-face") == 2 * len(assets.FONT_SUBSETS)
    assert ".aksel-button{color:red}" in css


def test_the_device_s_theme_has_light_tokens_and_dark_ones_only_where_dark_is_asked_for() -> None:
    light, dark = assets.device_theme(AKSEL).split("@media screen and (prefers-color-scheme:dark)")
    assert ".device{--ax-bg-default: #fff}" in light
    assert ".device{--x: y}" in light
    assert "#000" not in light
    assert dark.startswith("{.device{--ax-bg-default: #000}}")


def test_a_build_writes_everything_once(empty_place: Path) -> None:
    assert assets.build() is True
    written = {str(path.relative_to(empty_place / "local")) for path in (empty_place / "local").rglob("*.*")}
    assert {"assets/aksel.css", "assets/htmx.min.js", "assets/vega.min.js", "icons.json"} <= written
    assert json.loads((empty_place / "local/icons.json").read_text()) == {"Plus": '<path d="M1 1"/>'}
    assert assets.build() is False


def test_a_process_sees_the_icons_that_another_one_built(empty_place: Path) -> None:
    assert assets.icons() == {}
    assets.build()
    assert assets.icons().keys() == {"Plus"}
    drawn_by_another = empty_place / "local/icons.json"
    drawn_by_another.write_text('{"Plus": "", "Minus": ""}')
    assert assets.icons().keys() == {"Plus", "Minus"}


def test_a_change_of_the_lock_builds_anew(empty_place: Path) -> None:
    assets.build()
    with (empty_place / "package-lock.json").open("a") as lock:
        lock.write("\n")
    assert assets.is_current() is False
    assert assets.build() is True


def test_a_build_that_fails_leaves_the_earlier_one(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assets.build()
    monkeypatch.setattr(assets, "write_icons", lambda target, modules: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        assets.build(force=True)
    assert (empty_place / "local/assets/aksel.css").is_file()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("npm error code ENOTFOUND\nnpm error network", "Set-up needs the network once"),
        ("npm error code EINTEGRITY\nnpm error sha512", "npm error code EINTEGRITY"),
    ],
)
def test_a_failed_install_says_why(monkeypatch: pytest.MonkeyPatch, output: str, sentence: str) -> None:
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr=output)
    monkeypatch.setattr(assets.subprocess, "run", lambda *args, **kwargs: failed)
    with pytest.raises(assets.AssetsError, match=sentence):
        assets.install()


def test_without_npm_on_the_path_the_wheel_s_npm_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    node, script = assets.npm_command()
    assert Path(node).is_file()
    assert Path(script).name == "npm-cli.js"


def test_an_account_without_a_home_keeps_what_npm_fetched_with_us(tmp_path: Path, settings: Settings) -> None:
    assert assets.npm_cache(tmp_path) == {}
    assert assets.npm_cache(tmp_path / "nonexistent") == {"npm_config_cache": str(settings.LOCAL / "npm")}


def test_the_lock_names_versions_and_hashes_but_no_host(settings: Settings) -> None:
    lock = json.loads((settings.ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all("resolved" not in package and package["integrity"] for package in packages.values())


def test_the_check_warns_until_the_assets_are_built(empty_place: Path) -> None:
    assert [warning.id for warning in assets.check_assets(None)] == ["navtrial.W010"]
    assets.build()
    assert assets.check_assets(None) == []
