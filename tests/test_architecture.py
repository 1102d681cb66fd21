"""The rules of the house: no import circle, no arrow back, one backend room, a silent library, a light import, sizes.

The order of the rooms is `ORDER` in tools/architecture.py; docs/architecture.md explains it.
"""

import ast
import functools
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent

FRAMEWORKS = ("tensorflow", "jax", "jaxlib", "torch")
HEAVY = (*FRAMEWORKS, "keras", "scipy", "skimage", "matplotlib", "h5py", "tifffile", "tqdm", "av", "cv2", "gradio")
"""Packages that take long to import, and those of the network: each is imported where it is first needed."""

PROGRAMS = ("__main__", "cli", "studio")
"""Rooms that read sys.argv, print and exit."""

OF_PROGRAMS = ("argv", "exit", "stdin", "stdout", "stderr")
"""Names of sys that are theirs as well."""

MODULES_AT_THE_TOP = 15
LINES_OF_A_MODULE = 350
LINES_OF_A_FUNCTION = 60

LONG_FUNCTIONS: dict[str, str] = {}
"""At most two functions that may be longer, each with its reason."""


def load(path: Path) -> ModuleType:
    """A script as a module."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


architecture = load(ROOT / "tools" / "architecture.py")
SOURCES: dict[str, Path] = architecture.modules(ROOT)
IMPORTS = architecture.imports(SOURCES)


def within(imports: list) -> list:
    """Those of modules of the package."""
    return [each for each in imports if each.imported.split(".")[0] == architecture.PACKAGE]


def arrows_back(imports: list) -> list[str]:
    """Imports between rooms that do not lead to a lower row, as `importer:line -> imported`."""
    ranks = architecture.RANKS
    found = []
    for each in within(imports):
        upper, lower = architecture.room(each.importer), architecture.room(each.imported)
        if upper != lower and ranks[lower] <= ranks[upper]:
            found.append(f"{each.importer}:{each.line} -> {each.imported}")
    return found


def on_circles(imports: list) -> set[str]:
    """Modules from which a path of imports leads back to them."""
    graph: dict[str, set[str]] = {}
    for each in within(imports):
        graph.setdefault(each.importer, set()).add(each.imported)
    return {module for module in graph if module in architecture.reachable(graph, module)}


@functools.cache
def tree(path: Path) -> ast.Module:
    """The parsed source of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def program_parts(node: ast.AST) -> Iterator[str]:
    """What only a program may do, where `node` does it."""
    if isinstance(node, ast.Name) and node.id in ("print", "input", "exit", "quit", "SystemExit"):
        yield node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys":
        yield from {node.attr}.intersection(OF_PROGRAMS)
    elif isinstance(node, ast.ImportFrom) and node.module == "sys":
        yield from {alias.name for alias in node.names}.intersection(OF_PROGRAMS)


def test_every_room_has_its_place():
    """A new room finds its row in ORDER before it is built."""
    rooms = {architecture.room(module) for module in SOURCES}
    assert rooms - set(architecture.RANKS) == set()
    assert set(architecture.PLACES) == set(architecture.RANKS) - {"__init__", "__main__"}


def test_imports_make_no_circle():
    """An import for annotations counts as well: it makes no circle at run time, but one for whoever reads."""
    assert on_circles(IMPORTS) == set()


def test_arrows_point_down():
    """Imports for annotations count here too: a room that names a type of a higher one knows of it."""
    assert arrows_back(IMPORTS) == []


def test_only_the_backend_knows_a_framework():
    found = [
        f"{each.importer}:{each.line} -> {each.imported}"
        for each in IMPORTS
        if each.imported.split(".")[0] in FRAMEWORKS and architecture.room(each.importer) != "backend"
    ]
    assert found == []


def test_the_library_is_silent():
    found = [
        f"{module}:{getattr(node, 'lineno', 0)} {part}"
        for module, path in SOURCES.items()
        if architecture.room(module) not in PROGRAMS
        for node in ast.walk(tree(path))
        for part in program_parts(node)
    ]
    assert found == []


def test_importing_the_package_starts_nothing():
    """In a fresh process: no heavy package, no file written, no connection, no other program."""
    code = """
import json, sys
events = []
def record(event, arguments):
    is_written = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if is_written or event.startswith(("socket.", "subprocess.", "os.system", "urllib.")):
        events.append([event, str(arguments)])
import socket, subprocess  # which NumPy and Pillow import; importing them is no event of ours
sys.addaudithook(record)
import neural_style
of_the_backend = {"Objective", "Statistic", "Term", "clear_caches", "minimise"}
for name in set(neural_style.__all__) - of_the_backend:
    getattr(neural_style, name)
print(json.dumps({"events": events, "modules": sorted(sys.modules), "file": neural_style.__file__}))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    assert Path(found["file"]).parent == ROOT / architecture.PACKAGE
    assert [module for module in found["modules"] if module.split(".")[0] in HEAVY] == []
    assert found["events"] == []
    assert ran.stderr == ""


def test_the_top_of_the_package_is_small():
    beside = [path.name for path in (ROOT / architecture.PACKAGE).glob("*.py") if path.name != "__init__.py"]
    assert len(beside) <= MODULES_AT_THE_TOP


def test_modules_are_short():
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in SOURCES.items()}
    assert {module: length for module, length in lengths.items() if length > LINES_OF_A_MODULE} == {}


def test_functions_are_short():
    """From `def` to the last line, docstring included."""
    lengths = {
        f"{module}.{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for module, path in SOURCES.items()
        for function in functions(path)
    }
    assert len(LONG_FUNCTIONS) <= 2
    long = {name: length for name, length in lengths.items() if length > LINES_OF_A_FUNCTION}
    assert {name: length for name, length in long.items() if name not in LONG_FUNCTIONS} == {}
    assert set(LONG_FUNCTIONS) <= set(long)


def test_the_drawing_is_up_to_date():
    drawn = architecture.drawing(architecture.between_rooms(IMPORTS))
    assert architecture.DRAWING.read_text(encoding="utf-8") == drawn, "run python tools/architecture.py"


def test_no_arrow_passes_a_box():
    """It would seem to begin or end there. Horizontal pieces of arrows lie between rows or beside the boxes of one."""
    drawn = architecture.drawing(architecture.between_rooms(IMPORTS))
    half, height = architecture.BOX[0] / 2, architecture.BOX[1]
    boxes = [tuple(map(float, box)) for box in re.findall(r'<rect x="(\d+)" y="(\d+)" width="150"', drawn)]
    pieces = re.findall(r"([\d.]+) ([\d.]+) H([\d.]+)", drawn)
    assert boxes
    assert pieces
    for begin, level, end in (map(float, piece) for piece in pieces):
        left, right = sorted((begin, end))
        assert not [box for box in boxes if box[1] < level < box[1] + height and left < box[0] + half < right]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A package with a circle inside a room, an arrow back, and a framework where it should not be."""
    modules = {
        "__init__": "from neural_style.network import Network\n",
        "network": "import neural_style.runs.level as level\n",
        "runs/__init__": "",
        "runs/level": "def run():\n    from . import step\n    from ..network import Network\n",
        "runs/step": "if TYPE_CHECKING:\n    from neural_style.runs.level import run\nimport tensorflow.io\n",
    }
    for name, text in modules.items():
        path = tmp_path / "neural_style" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_rules_can_be_broken(house):
    imports = architecture.imports(architecture.modules(house))
    assert {(each.importer, each.imported, each.is_annotation) for each in imports} == {
        ("neural_style", "neural_style.network", False),
        ("neural_style.network", "neural_style.runs.level", False),
        ("neural_style.runs.level", "neural_style.runs.step", False),
        ("neural_style.runs.level", "neural_style.network", False),
        ("neural_style.runs.step", "neural_style.runs.level", True),
        ("neural_style.runs.step", "tensorflow.io", False),
    }
    assert arrows_back(imports) == ["neural_style.runs.level:3 -> neural_style.network"]
    assert on_circles(imports) == {"neural_style.network", "neural_style.runs.level", "neural_style.runs.step"}


@pytest.mark.parametrize(
    "code", ["print(1)", "raise SystemExit", "sys.exit(2)", "from sys import argv", "x = sys.argv"]
)
def test_a_loud_library_is_noticed(code):
    assert [part for node in ast.walk(ast.parse(code)) for part in program_parts(node)]


def test_drawn_arrows_are_those_that_no_path_replaces():
    assert architecture.direct({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}
