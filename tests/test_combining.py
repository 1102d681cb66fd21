"""The recipe of docs/combining.md, as it stands there but for the sizes."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

RECIPE = Path(__file__).resolve().parent.parent / "docs" / "combining.md"


def test_the_recipe_runs(tmp_path, photo, painting, monkeypatch):
    mask = np.zeros((20, 24), "uint8")
    mask[:9] = 255
    pictures = {"rocket": photo, "night": painting, "harvest": painting[::-1], "sky": mask}
    for name, rgb in pictures.items():
        Image.fromarray(np.ascontiguousarray(rgb)).save(tmp_path / f"{name}.png")
    code = re.search(r"```python\n(.*?)```", RECIPE.read_text(encoding="utf-8"), flags=re.DOTALL)[1]
    for written, tested in (("(128, 256, 512)", "(16, 24, 40)"), ("iterations=5", "iterations=1")):
        assert written in code
        code = code.replace(written, tested)
    code = code.replace('model="mini"', 'model="mini", weights="random"')
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, str(RECIPE), "exec"), names)

    result, sharp = names["result"], names["sharp"]
    assert [entry["image_size"] for entry in result.history] == [[16, 19], [24, 28], [40, 48]]
    with Image.open(tmp_path / "painted.png") as painted:
        np.testing.assert_array_equal(np.asarray(painted), result.image)
    np.testing.assert_allclose(sharp[24:].astype(int), photo[24:], atol=1)  # far below the edge the photo itself
    np.testing.assert_allclose(sharp[:14].astype(int), result.image[:14], atol=1)  # far above it the painting
    # Where the mask of colours is white, what is not grey is the photo's.
    luma = np.array([0.299, 0.587, 0.114])
    inside = ((result.image > 0) & (result.image < 255)).all(axis=-1)
    inside[:22] = False
    colours = [image - (image @ luma)[..., None] for image in (result.image.astype(float), photo.astype(float))]
    assert np.abs(colours[0] - colours[1])[inside].max() < 3
