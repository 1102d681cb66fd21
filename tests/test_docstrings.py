"""Examples in docstrings run, as they stand."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import neural_style


def modules_with_examples() -> list[str]:
    package = Path(neural_style.__file__).parent
    found = pkgutil.walk_packages([str(package)], "neural_style.")
    paths = {each.name: package.parent / Path(*each.name.split(".")) for each in found}
    sources = {name: path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for name, path in paths.items()}
    return [name for name, path in sources.items() if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("module", modules_with_examples())
def test_examples_run(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, tried = doctest.testmod(importlib.import_module(module), optionflags=flags)
    assert failed == 0
    assert tried > 0
