"""The layering of docs/architecture.md, held over every import of every module."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "model": set(),
    "config": {"model"},
    "connectors": {"model"},
    "store": {"model"},
    "metrics": {"model"},
    "sandbox": {"model"},
    "monitor": {"model", "config", "connectors", "store", "metrics", "sandbox"},
    "dashboard": {"model", "monitor"},
    "cli": {"model", "monitor"},
    "streamlit_app": {"dashboard"},
}
PURE = ("model", "metrics")
WORLD = {
    "os",
    "pathlib",
    "socket",
    "subprocess",
    "requests",
    "urllib",
    "http",
    "tempfile",
    "shutil",
}


def modules(package: str) -> Iterator[Path]:
    single = ROOT / f"{package}.py"
    return iter([single]) if single.exists() else (ROOT / package).rglob("*.py")


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_each_package_imports_only_what_it_may(package: str) -> None:
    files = list(modules(package))
    assert files
    allowed = MAY_IMPORT[package] | {package}
    for file in files:
        for name in imports(file):
            top = name.partition(".")[0]
            assert top not in MAY_IMPORT or top in allowed, f"{file.relative_to(ROOT)}: {name}"


def test_only_the_demo_knows_the_sandbox() -> None:
    users = {
        file.name
        for file in modules("monitor")
        if any(name.partition(".")[0] == "sandbox" for name in imports(file))
    }
    assert users == {"demo.py"}


@pytest.mark.parametrize("package", PURE)
def test_the_pure_packages_open_nothing_and_read_no_clock(package: str) -> None:
    for file in modules(package):
        text = file.read_text()
        worldly = WORLD & {name.partition(".")[0] for name in imports(file)}
        # An indicator package finds its own modules; that reads no data.
        assert not worldly, f"{file.relative_to(ROOT)}: {worldly}"
        for call in (" open(", "datetime.now(", "date.today(", "utcnow(", "time.time("):
            assert call not in text, f"{file.relative_to(ROOT)}: {call}"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_files_stay_short(package: str) -> None:
    long = {f.name: n for f in modules(package) if (n := len(f.read_text().splitlines())) > 450}
    assert not long
