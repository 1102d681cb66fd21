"""README, documentation and examples: the site builds, all commands and code run, pictures are made by their commands.

All blocks of a page run one after another in one folder, at a tiny size.
"""

import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

import neural_style
from neural_style.cli import main
from neural_style.runs.settings import Run
from neural_style.samples import SAMPLES, sample

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]

TEXTS = [*PAGES, *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "CHANGELOG", "SECURITY"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

START = "start.md"
"""The page that a beginner types from, word by word: its folder is empty at first, and nothing in it is replaced."""

FILMS = "video.md"
"""The page whose commands need films."""

SMALL = ("--model", "mini", "--weights", "random")
SHALLOW = (*SMALL, "--content_layer", "conv1_2", "--style_layers", "conv1_1", "--image_size", "32", "--num_iter", "1")
TINY = {
    "paint": (*SMALL, "--sizes", "32", "--num_iter", "1"),
    "apply": (),
    "export": (),
    "network": SHALLOW,
    "inetwork": (*SHALLOW, "--style_layers", "conv1_1", "conv1_2"),
    "train": (
        *("--model", "mini", "--weights", "random", "--content_layer", "conv1_1", "--style_layers", "conv1_1"),
        *("--start", "scratch", "--width", "2", "--blocks", "0", "--ends", "3", "--crop", "16", "--batch", "1"),
        *("--steps", "1"),
    ),
    "doodle": (*SHALLOW, "--image_size", "64"),
    **dict.fromkeys(("analogy", "mrf"), (*SMALL, "--style_layers", "conv2_1", "--image_size", "32", "--num_iter", "1")),
    "reconstruct": (*SMALL, "--layers", "conv1_1", "--image_size", "32", "--num_iter", "1"),
    "plan": SHALLOW,
    "sheet": (*SMALL, "--rows", "32", "--num_iter", "1"),
    "figure": (*SMALL, "--image_size", "32", "--num_iter", "1", "--quiet"),
    "color_transfer": (),
    "mask_transfer": (),
    "enhance": (),
    "samples": (),
    "video": (),
    "judge": ("--weights", "random", "--scales", "1"),
    "show": (),
    "rerun": (),
}
"""Flags added to each command, which overrule those before them. A command that is not here fails."""

TINY_EXAMPLES = {
    "custom_loss": "photo.png painting.png out.png --weights random --sizes 24 32 --iterations 1 --tile 64",
    "lbfgs_keras_model": "--size 8 --evaluations 5 --output out.png",
    "early_stop": "photo.png painting.png out.png --weights random --image_size 32 --iterations 2",
}
"""Arguments with which each script of examples/ runs in seconds. A script that is not here fails."""

TINY_SIZES = ("24", "32", "48")
TINY_ITERATIONS = ("1", "2")
AT_ONCE = ("--jobs", "--engine", "--address", "--per_task_gpus")
"""Flags that change which processes paint, and not what: left out here."""

WITHOUT_OUTPUT = ("plan", "show")
OTHERS = ("pip install .", "make demo", "make test", "make docs")
"""Lines of pages that are not run here."""

PICTURES = {
    "photo": "rocket",
    "painting": "night",
    "wave": "night",
    "scream": "harvest",
    "lake": "rocket",
    "starry": "night",
}
"""Pictures of the reader's by name, and the samples that replace them here."""


class Block(NamedTuple):
    """A fenced block of a page: its language, empty for commands, and its lines."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(r"^```(\S*)[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [Block(language, text) for language, text in found]


def lines(block: Block) -> list[list[str]]:
    """The words of each line; continuations are joined, comments removed."""
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
    """The same command, at a size that takes seconds."""
    name = arguments[0]
    assert name in TINY, f"{name} is not in the table of this test: add the flags that make it tiny"
    words = [re.sub(r"rows:\d+", "rows:48", word) for word in arguments]
    for flag in AT_ONCE:
        if flag in words:
            del words[words.index(flag) : words.index(flag) + 2]
    words = replaced(words, ["--sizes"], TINY_SIZES)
    words = replaced(words, ["--vary", "num_iter"], TINY_ITERATIONS)
    for flag in ("content_layer", "style_layers"):  # a program for each value
        words = shortened(words, ["--vary", flag], 2)
    if name == "sheet" and "--fast" not in words:
        shallow = {"content_layer": "conv1_2", "style_layers": "conv1_1"}
        words += [word for flag, layer in shallow.items() if flag not in words for word in (f"--{flag}", layer)]
    flags = TINY["apply" if "--fast" in words else name]  # an optimisation's have no effect with --fast
    if name == "doodle" and "patches" in words:  # whose time grows with the square of the pixels
        flags = (*flags, "--image_size", "32")
    if name == "video" and "optimise" in words:
        flags = (*SHALLOW[: SHALLOW.index("--image_size")], "--num_iter", "1")
    return [*words, *flags, *(["--overwrite"] if overwrite and name not in WITHOUT_OUTPUT else [])]


def replaced(words: list[str], flag: list[str], values: tuple[str, ...]) -> list[str]:
    """The same words, with as many of `values` as there are after the flag, or all of them."""
    for first in range(len(flag), len(words)):
        if words[first - len(flag) : first] == flag:
            last = next((i for i in range(first, len(words)) if words[i].startswith("--")), len(words))
            return [*words[:first], *values[: last - first], *words[last:]]
    return words


def shortened(words: list[str], flag: list[str], count: int) -> list[str]:
    """The same words, with the first `count` of the values after the flag."""
    first = next((i for i in range(len(flag), len(words)) if words[i - len(flag) : i] == flag), len(words))
    last = next((i for i in range(first, len(words)) if words[i].startswith("--")), len(words))
    return [*words[: min(first + count, last)], *words[last:]]


def tiny_code(code: str) -> str:
    """The same code with random weights, in the embedded network."""
    code = re.sub(r'model="(vgg16|vgg19|mini)"', 'model="mini", weights="random"', code)
    code = code.replace('scale="draft"', 'scale="draft", image_size=32, iterations=1')
    return re.sub(r"conv[45]_(\d)", r"conv3_\1", code)


def run_code(code: str, page: Path, names: dict[str, Any]) -> None:
    """Run a block of Python with small pictures and one iteration."""
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
    """The samples, and the reader's pictures, small, and all of one shape, so that commands share their programs."""
    for name, source in {**{name: name for name in SAMPLES}, **PICTURES}.items():
        picture = Image.fromarray(sample(source)).resize((96, 72), Image.Resampling.NEAREST)
        for ending in ("png", "jpg"):
            picture.save(folder / f"{name}.{ending}")
    for name, sources in {"photos": ("rocket", "cat"), "paintings": ("night", "harvest")}.items():
        (folder / name).mkdir()
        for source in sources:
            (folder / name / f"{source}.jpg").write_bytes((folder / f"{source}.jpg").read_bytes())


def write_clips(folder: Path) -> None:
    """The reader's films, of two frames."""
    from tests.video.films import pictures, write_film

    frames = [Image.fromarray(each) for each in pictures(2, (32, 48))]
    write_film(folder / "clip.mp4", [*map(np.asarray, frames)], sound=[("aac", "eng")])
    frames[0].save(folder / "clip.gif", save_all=True, append_images=frames[1:], duration=40)
    (folder / "frames").mkdir()
    for number, frame in enumerate(frames, 1):
        frame.save(folder / "frames" / f"{number:04d}.png")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_code_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if page.name != START:
        write_pictures(tmp_path)
    if page.name == FILMS:
        pytest.importorskip("av", reason="films need the extra video")
        write_clips(tmp_path)
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
                    assert shlex.join(words) in OTHERS, f"{shlex.join(words)} is not run by this test"
        else:
            assert language.startswith("{"), f"a block of {language} is not tested"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_page_are_valid_as_written(page, tmp_path, monkeypatch):
    """Flags, layers and values before they are made tiny are read and checked; nothing is run."""
    from neural_style.cli.folder import Folder
    from neural_style.cli.session import Session

    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path)
    monkeypatch.setattr("neural_style.engines.on_ray.find_spec", lambda name: True)  # an extra, which is not installed
    for executed in (Session, Folder):
        monkeypatch.setattr(executed, "execute", lambda self: 0 if Run(**self.run) else 1)
    for arguments in commands(page):
        if arguments[0] in ("paint", "network", "inetwork", "doodle", "analogy", "mrf", "reconstruct"):
            assert main(arguments) == 0, shlex.join(arguments)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path)
    assert example.stem in TINY_EXAMPLES, f"{example.name} is not in the table of this test: add its arguments"
    monkeypatch.setattr(sys, "argv", [str(example), "--help"])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out.startswith("usage: ")
    monkeypatch.setattr(sys, "argv", [str(example), *TINY_EXAMPLES[example.stem].split()])
    runpy.run_path(str(example), run_name="__main__")
    if "out.png" in sys.argv:
        with Image.open("out.png") as made:
            assert min(made.size) > 1


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


def test_pictures_are_made_by_the_commands_beside_them():
    pictures = runpy.run_path(str(DOCS / "gallery.py"))["PICTURES"]
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


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith("http")]
    assert [target for target in local if not (page.parent / target).is_file()] == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md", "SECURITY.md"])
def test_files_that_a_page_names_exist(name):
    """Paths in code spans, from the root or from the package; names with `my` or `author` are to be replaced."""
    found = re.findall(r"`([\w./-]+(?:\.py|\.md|\.npz|/))`", (ROOT / name).read_text(encoding="utf-8"))
    named = [path for path in found if not re.search(r"my(technique|loss|solver)|author2020", path)]
    assert named
    assert [path for path in named if not any((root / path).exists() for root in (ROOT, ROOT / "neural_style"))] == []


def test_one_version_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## [{version}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


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
    reference = "".join(page.read_text(encoding="utf-8") for page in (tmp_path / "html" / "api").glob("*.html"))
    assert [name for name in neural_style.__all__ if f'id="neural_style.{name}"' not in reference] == []
    examples = (tmp_path / "html" / "examples.html").read_text(encoding="utf-8")
    assert [path.stem for path in EXAMPLES if f"{path.stem}<" not in examples] == []
