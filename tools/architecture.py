"""The rooms of the package: their order, the imports between them, and a drawing of both.

`python tools/architecture.py` draws docs/pictures/architecture.svg, and with --list prints every arrow.
tests/test_architecture.py holds the code to the order.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "neural_style"
DRAWING = ROOT / "docs" / "pictures" / "architecture.svg"

ORDER = (
    ("__init__", "__main__"),
    ("cli",),
    ("studio", "figures"),
    ("video",),
    ("engines",),
    ("feedforward",),
    ("metrics", "inetwork", "doodle", "analogy", "reconstruction", "painting"),
    ("network",),
    ("technique",),
    ("runs",),
    ("objectives",),
    ("inputs",),
    ("color_transfer", "mask_transfer", "enhancement"),
    ("masks", "losses", "samples"),
    ("features", "solvers"),
    ("backend", "images"),
    ("files",),
    ("interruption",),
    ("validation",),
    ("aliases",),
    ("errors",),
)
"""Rooms from top to bottom: a room imports rooms of lower rows only. A room is a folder or a module at the top of the
package. `color_transfer` and `mask_transfer` make a picture without a solver and need no more than pictures and masks;
`runs` recolours with the former, so they stand below it and not beside `network`. `samples` makes pictures from
nothing."""

BANDS = (
    ("programs", "cli", "figures"),
    ("networks", "video", "feedforward"),
    ("techniques", "metrics", "technique"),
    ("runs", "runs", "runs"),
    ("mathematics", "objectives", "solvers"),
    ("ground", "backend", "errors"),
)
"""Groups of rows in the drawing: a name, a room of the first row, and one of the last."""

PLACES = {
    "cli": (2, "flags, commands, sheets"),
    "studio": (1, "the web page"),
    "figures": (2, "the papers' figures"),
    "video": (2, "frames, flow"),
    "engines": (3, "many pictures at once"),
    "feedforward": (2, "feed-forward networks"),
    "metrics": (0, "numbers about pictures"),
    "inetwork": (1, "Novak & Nikulin"),
    "doodle": (2, "Champandard"),
    "analogy": (5, "Hertzmann et al."),
    "reconstruction": (3, "what layers keep"),
    "painting": (4, "paint: one strength"),
    "network": (2, "Gatys et al."),
    "technique": (2, "the contract, registry"),
    "runs": (2, "pyramid, checkpoint"),
    "objectives": (2, "terms and their sum"),
    "inputs": (2, "Content, Style"),
    "color_transfer": (3, "colours of a picture"),
    "mask_transfer": (4, "the photo pasted back"),
    "enhancement": (5, "noise, sharpness, size"),
    "masks": (2, "masks, guides, label maps"),
    "losses": (1, "pure functions"),
    "features": (2, "VGG, weights, tiles"),
    "solvers": (0, "L-BFGS, Adam"),
    "backend": (2, "TensorFlow or JAX"),
    "images": (3, "reading and writing"),
    "samples": (6, "pictures to begin with"),
    "files": (4, "atomic writes"),
    "interruption": (4, "signals that wait"),
    "validation": (3, "settings, checks"),
    "aliases": (3, "names of other tools"),
    "errors": (2, "exceptions"),
}
"""Column of each room in the drawing, and what is in it."""

BOX, COLUMN, ROW, MARGIN = (150, 38), 176, 64, 14
"""Of the drawing, in pixels: a box, the distances of columns and rows, and the space around all."""

RANKS = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}


class Import(NamedTuple):
    """One import of one module by another.

    Attributes:
        importer, imported: dotted names; `imported` may be a package of somebody else's.
        line: where it stands.
        is_annotation: under `if TYPE_CHECKING:`, and so not executed.
    """

    importer: str
    imported: str
    line: int
    is_annotation: bool


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the package below `root` by its dotted name; that of a folder is its `__init__.py`."""
    paths = sorted((root / PACKAGE).rglob("*.py"))
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def room(module: str) -> str:
    """The room of a module of the package."""
    return module.split(".")[1] if "." in module else "__init__"


def imports(sources: Mapping[str, Path]) -> list[Import]:
    """Every import in some modules, inside functions too; a name that is a module of the package counts as that module.

    Args:
        sources: from `modules`.
    """
    found = []
    for importer, path in sources.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        annotations = {
            id(node)
            for block in ast.walk(tree)
            if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
            for statement in block.body
            for node in ast.walk(statement)
        }
        package = importer if path.stem == "__init__" else importer.rpartition(".")[0]
        for node in ast.walk(tree):
            for name in imported_names(node, package):
                parent = name.rpartition(".")[0]
                module = name if name in sources or parent not in sources else parent
                found.append(Import(importer, module, getattr(node, "lineno", 0), id(node) in annotations))
    return found


def imported_names(node: ast.AST, package: str) -> Iterator[str]:
    """The dotted names that a statement imports, relative ones made absolute."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        yield from (f"{module}.{alias.name}" for alias in node.names)


def between_rooms(found: list[Import]) -> dict[str, set[str]]:
    """The rooms that each room imports, in the order of the house."""
    arrows: dict[str, set[str]] = {each: set() for each in sorted(RANKS, key=RANKS.__getitem__)}
    for each in found:
        if each.imported.split(".")[0] == PACKAGE and room(each.importer) != room(each.imported):
            arrows.setdefault(room(each.importer), set()).add(room(each.imported))
    return {name: targets for name, targets in arrows.items() if targets or name in map(room, modules())}


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """All nodes at the end of a path from `start`; `start` itself only where it lies on a circle."""
    seen: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += graph.get(node, ())
    return seen


def direct(arrows: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that no longer path replaces, which are the ones drawn: all others follow from them."""
    return {
        name: {target for target in targets if not any(target in reachable(arrows, other) for other in targets)}
        for name, targets in arrows.items()
    }


def drawing(arrows: Mapping[str, set[str]]) -> str:
    """An SVG of the rooms in their order, with the arrows that are `direct`.

    Args:
        arrows: from `between_rooms`.
    """
    shown = {name: targets for name, targets in arrows.items() if name in PLACES}
    rows = [rank for rank, rooms in enumerate(ORDER) if any(each in shown for each in rooms)]
    tops = {name: MARGIN + rows.index(RANKS[name]) * ROW for name in shown}
    lefts = {name: MARGIN + PLACES[name][0] * COLUMN for name in shown}
    width, height = (
        2 * MARGIN + max(column for column, _ in PLACES.values()) * COLUMN + BOX[0] + 24,
        2 * MARGIN + (len(rows) - 1) * ROW + BOX[1],
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif">',
        "<title>Rooms of neural_style, and what they import</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#456"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    bands = [
        (label, [tops[name] for name in shown if RANKS[first] <= RANKS[name] <= RANKS[last]])
        for label, first, last in BANDS
    ]
    for index, (label, inside) in enumerate(band for band in bands if band[1]):
        top, bottom = min(inside) - 11, max(inside) + BOX[1] + 11
        middle = (top + bottom) / 2
        parts.append(
            f'<rect x="2" y="{top}" width="{width - 4}" height="{bottom - top}" rx="6" '
            f'fill="{"#eef3f8" if index % 2 else "#f7f3ea"}"/>'
            f'<text transform="translate({width - 16} {middle:g}) rotate(-90)" text-anchor="middle" font-size="12" '
            f'fill="#678">{label}</text>'
        )
    for name, targets in direct(shown).items():
        for target in sorted(targets):
            ends = (lefts[name], tops[name]), (lefts[target], tops[target])
            path = route(*ends, others={(lefts[each], tops[each]) for each in shown} - set(ends))
            parts.append(f'<path d="{path}" fill="none" stroke="#456" stroke-width="1.3" marker-end="url(#tip)"/>')
    for name in shown:
        left, top, centre = lefts[name], tops[name], lefts[name] + BOX[0] / 2
        what = PLACES[name][1].replace("&", "&amp;")
        parts.append(
            f'<rect x="{left}" y="{top}" width="{BOX[0]}" height="{BOX[1]}" rx="5" fill="#fff" stroke="#456"/>'
            f'<text x="{centre:g}" y="{top + 16}" text-anchor="middle" font-size="13" font-family="monospace" '
            f'font-weight="bold" fill="#123">{name}</text>'
            f'<text x="{centre:g}" y="{top + 30}" text-anchor="middle" font-size="10.5" fill="#456">{what}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def route(start: tuple[int, int], end: tuple[int, int], others: Collection[tuple[int, int]] = ()) -> str:
    """The path of an arrow between two boxes, given by their left upper corners.

    To the next row, or straight down, it goes from edge to edge; otherwise round a corner in the outer one of the two
    columns. Where that leads through one of the `others`, it goes between two rows.
    """
    half, height, corner = BOX[0] / 2, BOX[1], 10
    (x, y), (to_x, to_y) = (start[0] + half, start[1] + height), (end[0] + half, end[1])
    if x == to_x or to_y - start[1] <= ROW:
        bend = max(18.0, (to_y - y) / 2)
        return f"M{x:g} {y} C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y}"
    side = 1 if to_x > x else -1
    spine = MARGIN + 2 * COLUMN + half
    is_outward = abs(to_x - spine) > abs(x - spine)
    row = start[1] if is_outward else end[1]
    if any(top == row and min(start[0], end[0]) <= left <= max(start[0], end[0]) for left, top in others):
        level = (y if is_outward else to_y - (ROW - height)) + (ROW - height) / 2 - 4 * side
        corner = 6
        turns = (
            f"Q{x:g} {level:g} {x + side * corner:g} {level:g}",
            f"Q{to_x:g} {level:g} {to_x:g} {level + corner:g}",
        )
        return f"M{x:g} {y} V{level - corner:g} {turns[0]} H{to_x - side * corner:g} {turns[1]} V{to_y}"
    level = row + height / 2
    if is_outward:
        turn = f"Q{to_x:g} {level:g} {to_x:g} {level + corner:g}"
        return f"M{x + side * half:g} {level:g} H{to_x - side * corner:g} {turn} V{to_y}"
    turn = f"Q{x:g} {level:g} {x + side * corner:g} {level:g}"
    return f"M{x:g} {y} V{level - corner:g} {turn} H{to_x - side * half:g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="print every arrow between rooms instead")
    arrows = between_rooms(imports(modules()))
    if parser.parse_args().list:
        for name, targets in arrows.items():
            print(f"{name}: {', '.join(sorted(targets)) or '-'}")
    else:
        DRAWING.write_text(drawing(arrows), encoding="utf-8")


if __name__ == "__main__":
    main()
