"""What README and documentation show: it builds, its commands and its code run, its pictures are made by what it says.

All blocks of a page run one after another in one folder, at a tiny size.
"""

import doctest
import importlib
import importlib.util
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

import neural_style
from neural_style.cli import main
from neural_style.runs.settings import Run
from neural_style.samples import SAMPLES, sample

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]

START = "start.md"
"""The page that a beginner types from, word by word: it finds nothing in its folder and may replace nothing."""

SMALL = ("--model", "mini", "--weights", "random")
SHALLOW = (*SMALL, "--content_layer", "conv1_2", "--style_layers", "conv1_1", "--image_size", "32", "--num_iter", "1")
TINY = {
    "network": SHALLOW,
    "inetwork": (*SHALLOW, "--style_layers", "conv1_1", "conv1_2"),
    "doodle": (*SHALLOW, "--image_size", "64"),
    "reconstruct": (*SMALL, "--layers", "conv1_1", "--image_size", "32", "--num_iter", "1"),
    "plan": SHALLOW,
    "sheet": (*SMALL, "--rows", "32", "--num_iter", "1"),
    "figure": (*SMALL, "--image_size", "32", "--num_iter", "1", "--quiet"),
    "color_transfer": (),
    "mask_transfer": (),
    "samples": (),
    "show": (),
    "rerun": (),
}
"""What is added to each command; a flag that is there already is overruled by it. A command that is not here fails."""

TINY_SIZES = ("24", "32", "48")
WITHOUT_OUTPUT = ("plan", "show")
OTHERS = ("pip install .", "make demo", "make test", "make docs")
"""Lines that are shown and not run here."""

PICTURES = {
    "photo": "rocket",
    "painting": "night",
    "wave": "night",
    "scream": "harvest",
    "lake": "rocket",
    "starry": "night",
}
"""Names of pictures that the reader has, and the samples that stand for them."""


class Block(NamedTuple):
    """A fenced block of a page: its language, empty for commands, and its lines."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(r"^```(\S*)[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [Block(language, text) for language, text in found]


def lines(block: Block) -> list[list[str]]:
    """The words of each line, continuations joined, without comments."""
    split = [shlex.split(line, comments=True) for line in block.text.replace("\\\n", " ").splitlines()]
    return [words for words in split if words]


def commands(page: Path) -> list[list[str]]:
    """All commands of `neural-style` on a page, in order, without that word; `python network.py` is `network`."""
    found = [words for block in blocks(page) if not block.language for words in lines(block)]
    return [arguments for words in found if (arguments := command_of(words))]


def command_of(words: list[str]) -> list[str]:
    """The arguments of `neural-style`; none for another line."""
    if words[0] == "neural-style":
        return words[1:]
    return [words[1].removesuffix(".py"), *words[2:]] if words[0] == "python" else []


def tiny(arguments: list[str], *, overwrite: bool) -> list[str]:
    """The same command, done in seconds."""
    name = arguments[0]
    assert name in TINY, f"{name} is shown and not in the table of this test: add what makes it tiny"
    words = list(arguments)
    if "--sizes" in words:
        first = words.index("--sizes") + 1
        last = next((i for i in range(first, len(words)) if words[i].startswith("--")), len(words))
        words[first:last] = TINY_SIZES[: last - first]
    return [*words, *TINY[name], *(["--overwrite"] if overwrite and name not in WITHOUT_OUTPUT else [])]


def tiny_code(code: str) -> str:
    """The same code with weights of noise, in the network that is in the package."""
    code = re.sub(r'model="(vgg16|vgg19|mini)"', 'model="mini", weights="random"', code)
    code = code.replace('scale="draft"', 'scale="draft", image_size=32, iterations=1')
    return re.sub(r"conv[45]_(\d)", r"conv3_\1", code)


def run_code(code: str, page: Path, names: dict) -> None:
    """Run a block of Python; whatever it paints is small and soon done."""
    whole = Run.__post_init__

    def tiny_run(self):
        sizes = tuple(map(int, TINY_SIZES[: len(self.sizes)]))
        for name, value in {"image_size": 32, "sizes": sizes, "iterations": 1}.items():
            object.__setattr__(self, name, value)
        whole(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "__post_init__", tiny_run)
        exec(compile(tiny_code(code), str(page), "exec"), names)


def write_pictures(folder: Path) -> None:
    """The samples, and what a reader may have, small."""
    for name, source in {**{name: name for name in SAMPLES}, **PICTURES}.items():
        picture = Image.fromarray(sample(source))
        picture.thumbnail((96, 96), Image.Resampling.NEAREST)
        for ending in ("png", "jpg"):
            picture.save(folder / f"{name}.{ending}")
    for name, sources in {"photos": ("rocket", "cat"), "paintings": ("night", "harvest")}.items():
        (folder / name).mkdir()
        for source in sources:
            (folder / name / f"{source}.jpg").write_bytes((folder / f"{source}.jpg").read_bytes())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_shows_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if page.name != START:
        write_pictures(tmp_path)
    names = {}
    for language, text in blocks(page):
        if language == "python":
            run_code(text, page, names)
        elif not language:
            for words in lines(Block(language, text)):
                if words[0] == "cd":
                    monkeypatch.chdir(words[1])
                elif arguments := command_of(words):
                    assert main(tiny(arguments, overwrite=page.name != START)) == 0, shlex.join(words)
                else:
                    assert shlex.join(words) in OTHERS, f"{shlex.join(words)} is shown and nobody knows whether it runs"
        else:
            assert language.startswith("{"), f"a block of {language} is not tested"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_shows_is_possible_as_it_stands(page, tmp_path, monkeypatch):
    """Flags, layers and their values before they are overruled to be tiny: all is read and checked, and nothing run."""
    from neural_style.cli.folder import Folder
    from neural_style.cli.session import Session
    from neural_style.runs.settings import Run

    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path)
    for executed in (Session, Folder):
        monkeypatch.setattr(executed, "execute", lambda self: 0 if Run(**self.run) else 1)
    for arguments in commands(page):
        if arguments[0] in ("network", "inetwork", "doodle", "reconstruct"):
            assert main(arguments) == 0, shlex.join(arguments)


def test_a_command_that_nobody_knows_fails():
    with pytest.raises(AssertionError, match="not in the table"):
        tiny(["unheard_of", "photo.jpg"], overwrite=True)


def test_commands_are_read_from_blocks_only(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "`neural-style inline`\n\n```\nneural-style network a.jpg \\\n    --tile 8  # why\npython doodle.py x\n"
        "make demo\n```\n\n```python\nneural-style = 1\n```\n",
        encoding="utf-8",
    )
    assert commands(page) == [["network", "a.jpg", "--tile", "8"], ["doodle", "x"]]


def gallery():
    """docs/gallery.py as a module."""
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_are_made_by_the_commands_beside_them():
    pictures = gallery().PICTURES
    shown = set()
    for page in PAGES:
        names = re.findall(r"!\[[^\]]*\]\((?:\S*/)?pictures/(\w+)\.jpg\)", page.read_text(encoding="utf-8"))
        for name in names:
            wanted = [sorted(shlex.split(command)) for command in pictures[name].commands]
            on_page = [sorted(arguments) for arguments in commands(page)]
            assert [each for each in wanted if each not in on_page] == [], f"{name} on {page.name}"
        shown |= set(names)
    assert shown == set(pictures)
    assert {path.stem for path in (DOCS / "pictures").glob("*.jpg")} == shown


def test_links_of_the_readme_lead_somewhere():
    targets = re.findall(r"\]\(([^)#\s]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith("http")]
    assert local
    assert [target for target in local if not (ROOT / target).is_file()] == []


def test_the_site_builds_offline_without_a_warning(tmp_path):
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    flags = ["-q", "-b", "html", "-W", "--keep-going", "-n", "-d", tmp_path / "doctrees"]
    ran = subprocess.run(
        [sys.executable, "-m", "sphinx", *flags, DOCS, tmp_path / "html"],
        env={**os.environ, **nowhere, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    index = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    for page in PAGES[1:]:
        name = page.relative_to(DOCS).with_suffix(".html")
        assert (tmp_path / "html" / name).is_file()
        assert page.name == "index.md" or name.as_posix() in index
    reference = (tmp_path / "html" / "api.html").read_text(encoding="utf-8")
    assert [name for name in neural_style.__all__ if f">{name}<" not in reference] == []


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
