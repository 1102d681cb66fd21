"""How the documentation is built: `make docs`, or `sphinx-build -W --keep-going docs docs/_build/html`.

Nothing is fetched while it builds; formulas are drawn by MathJax in the browser of whoever reads.
"""

import ast
import os
import re
import runpy
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # the reference imports modules that start Keras
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # these pages are about the package beside them

from sphinx.domains.python import PyObject  # type: ignore[attr-defined]

from neural_style.runs.records import library_version

project = "neural_style"
author = "The neural_style authors"
copyright = "the neural_style authors, Apache-2.0"
version = release = library_version()

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "neural_style"
html_show_sphinx = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

default_role = "literal"  # single backticks in docstrings are code
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
maximum_signature_line_length = 100  # longer ones have a line for each argument
ALIASES = ("ImageSource", "MaskSource", "CheckpointSource", "Progress", "Source", "Sources", "Tensor")
autodoc_type_aliases = {name: name for name in ALIASES}
autodoc_inherit_docstrings = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Attributes of a dataclass are its settings or results, for which "Variables" is an odd title.
for field in PyObject.doc_field_types:
    if field.name == "variable":
        field.label = "Attributes"

# Types in signatures are NumPy's, Pillow's and our own inner ones, which have no page here.
nitpick_ignore_regex = [("py:class", ".*")]


def add_figures(app, docname, source):
    """The page of figures has a section for each that there is: what it shows, its picture, its command."""
    if docname != "figures":
        return
    from neural_style.figures import RECIPES

    many = runpy.run_path(str(Path(app.srcdir) / "figures.py"))["MANY"]
    for name, recipe in RECIPES.items():
        picture = Path(app.srcdir) / "pictures" / "figures" / f"{name}.webp"
        lines = [f"## {name}", f"{recipe.summary[0].upper()}{recipe.summary[1:]} ({recipe.source})."]
        if picture.is_file():
            lines.append(f"![{recipe.summary}](pictures/figures/{name}.webp)")
        if (picture.parent / "vgg19" / picture.name).is_file():
            lines.append("With the first three blocks of VGG-19, at most at 256 rows:")
            lines.append(f"![{recipe.summary}, with VGG-19](pictures/figures/vgg19/{name}.webp)")
        lines.append(f"```\nneural-style figure {name} {' '.join(many.get(name, ['--draft']))}\n```")
        inputs = ", ".join(f"`{slot}` ({default})" for slot, default in recipe.inputs.items())
        lines.append(f"Its pictures, and the samples that stand in for them: {inputs}.")
        source[0] += "\n\n" + "\n\n".join(lines)


def add_examples(app, docname, source):
    """The page of examples has a section for each script: its docstring, and its code."""
    if docname != "examples":
        return
    for path in sorted((Path(app.srcdir).parent / "examples").glob("*.py")):
        what = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
        code = f"```{{literalinclude}} ../examples/{path.name}\n:language: python\n```"
        source[0] += f"\n\n## {path.stem}\n\n{what}\n\n{code}"


def setup(app):
    """Names of types in unions as they are written in the code, where autodoc shows how it holds them."""

    def signature_as_written(app, what, name, obj, options, signature, returns):
        return tuple(text and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text) for text in (signature, returns))

    app.connect("autodoc-process-signature", signature_as_written)
    app.connect("source-read", add_figures)
    app.connect("source-read", add_examples)
