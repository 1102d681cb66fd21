"""`Painter`: pictures of any kind and size, styles and their mixtures, strength, colours, records."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image
from scipy import ndimage

from neural_style import Content, Style
from neural_style.color_transfer import transfer_color
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.feedforward import Painter, encoder, fast_run, mix, model_file, paint
from neural_style.feedforward.embedded import EmbeddedNetwork
from neural_style.feedforward.styles import pooled, prepared
from neural_style.runs import records


def picture(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal((rows, columns, 3)), (3, 3, 0))
    return np.clip(128 + 200 * smooth, 0, 255).astype(np.uint8)


pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # by Keras, saving

PHOTO, PAINTING = picture(45, 61), picture(50, 38, seed=1)
LEFT = np.repeat(np.where(np.arange(61) < 30, 255, 0)[None], 45, axis=0).astype(np.uint8)


@pytest.fixture(scope="module")
def painted(painter: Painter) -> np.ndarray:
    return painter.paint(PHOTO, painter.style(PAINTING)).image


def test_colours_are_those_of_visible_pixels(painter: Painter) -> None:
    content = np.dstack([PHOTO, LEFT])
    result = painter.paint(content, painter.style(PAINTING), preserve_color="pca")
    visible = LEFT == 255
    np.testing.assert_allclose(result.image[visible].mean(axis=0), PHOTO[visible].mean(axis=0), atol=4)


@pytest.mark.parametrize("size", [(45, 61), (8, 9), (34, 32)])
def test_a_picture_keeps_the_size_of_the_photo_to_the_pixel(painter: Painter, size: tuple[int, int]) -> None:
    result = painter.paint(picture(*size), painter.style(PAINTING))
    assert result.image.shape == (*size, 3)
    assert result.image.dtype == np.uint8


def test_the_painting_is_brought_to_the_area_of_the_photo(painter: Painter, painted: np.ndarray) -> None:
    network = painter.network
    assert isinstance(network, EmbeddedNetwork)
    style = network.style(Style(PAINTING).at((45, 61)))
    np.testing.assert_array_equal(painted, np.rint(network.run(PHOTO[None], style)[0]))


def test_strength_mixes_photo_and_painting(painter: Painter, painted: np.ndarray) -> None:
    style = painter.style(PAINTING)
    np.testing.assert_array_equal(painter.paint(PHOTO, style, strength=0).image, PHOTO)
    half = painter.paint(PHOTO, style, strength=0.5).image
    np.testing.assert_allclose(half, (PHOTO + painted.astype(float)) / 2, atol=1)


def test_colours_of_the_photo_are_kept(painter: Painter, painted: np.ndarray) -> None:
    found = painter.paint(PHOTO, painter.style(PAINTING), preserve_color="luminance").image
    np.testing.assert_allclose(found, transfer_color(PHOTO, painted.astype(np.float32)), atol=2)
    half = Content(PHOTO, color_mask=LEFT)
    found = painter.paint(half, painter.style(PAINTING), preserve_color="luminance").image
    np.testing.assert_array_equal(found[:, 30:], painted[:, 30:])
    assert np.abs(found[:, :30] - painted[:, :30].astype(float)).mean() > 2


def test_size_is_that_of_the_rows(painter: Painter) -> None:
    assert painter.paint(PHOTO, painter.style(PAINTING), size=90).image.shape == (90, 122, 3)


def test_seeds_and_rounds_change_the_picture(painter: Painter, painted: np.ndarray) -> None:
    style = painter.style(PAINTING)
    np.testing.assert_array_equal(painter.paint(PHOTO, style, seed=0).image, painted)
    for settings in ({"seed": 1}, {"rounds": 0}):
        assert np.abs(painter.paint(PHOTO, style, **settings).image - painted.astype(float)).mean() > 0.1


def test_a_mixture_has_the_statistics_of_all_pixels_together(painter: Painter) -> None:
    rng = np.random.default_rng(0)
    samples = [rng.standard_normal((400, 3)) * scale + shift for scale, shift in ((1, 0), (2, 3))]
    flat = [np.concatenate([each] * n) for each, n in zip(samples, (3, 1), strict=True)]
    network = painter.network
    assert isinstance(network, EmbeddedNetwork)
    base = network.style(picture(32, 32))
    found = pooled(
        [
            encoder.Style(
                {**base.means, "rgb": ops.convert_to_tensor(each.mean(0)[None, None], dtype="float32")},
                {**base.covariances, "rgb": ops.convert_to_tensor(np.cov(each.T, bias=True)[None], dtype="float32")},
                base.roots,
            )
            for each in samples
        ],
        [0.75, 0.25],
    )
    together = np.concatenate(flat)
    np.testing.assert_allclose(ops.convert_to_numpy(found.means["rgb"])[0, 0], together.mean(0), atol=1e-5)
    np.testing.assert_allclose(
        ops.convert_to_numpy(found.covariances["rgb"])[0], np.cov(together.T, bias=True), atol=1e-4
    )
    np.testing.assert_allclose(  # what is the same in both stays
        ops.convert_to_numpy(found.covariances["conv3_3"]), ops.convert_to_numpy(base.covariances["conv3_3"]), rtol=1e-5
    )


def test_mixtures_by_weights_and_of_prepared_styles_agree(painter: Painter, painted: np.ndarray) -> None:
    other = picture(40, 40, seed=2)
    at_once = painter.style(Style(PAINTING, weight=3), Style(other))
    mixed = mix([painter.style(PAINTING), painter.style(other)], [0.75, 0.25])
    first, second = (painter.paint(PHOTO, style).image.astype(float) for style in (at_once, mixed))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - painted).mean() > 0.5
    alone = mix([painter.style(PAINTING), painter.style(other)], [1, 0])
    np.testing.assert_allclose(painter.paint(PHOTO, alone).image, painted, atol=1)


def test_a_style_keeps_the_statistics_of_each_network(painting: np.ndarray) -> None:
    """One style may be given to two painters."""
    style = prepared([Style(painting).read()])

    def network(name: str) -> Any:
        return SimpleNamespace(weights_sha256=name, style=lambda *_, **__: name)

    found: list[Any] = [style.statistics(network(name), (8, 8)) for name in ("one", "other", "one")]
    assert found == ["one", "other", "one"]


def test_batches_give_a_result_for_each(painter: Painter, painted: np.ndarray) -> None:
    results = painter.paint_batch(np.stack([PHOTO, PHOTO[::-1]]), painter.style(PAINTING))
    np.testing.assert_allclose(results[0].image, painted, atol=1)
    assert results[1].image.shape == painted.shape
    with pytest.raises(InvalidInputError, match="one size"):
        painter.paint_batch([PHOTO, PHOTO[:40]], painter.style(PAINTING))


def test_large_pictures_are_painted_in_tiles_without_seams(painter: Painter) -> None:
    photo, style = picture(61, 197), painter.style(picture(40, 90, seed=1))
    whole = painter.paint(photo, style).image
    in_tiles = painter.paint(photo, painter.style(*style.paintings), tile=100).image
    assert np.abs(in_tiles - whole.astype(float)).max() <= 1


def test_tiles_are_used_where_a_picture_is_large() -> None:
    assert fast_run.FastRun().tile_for((1024, 2048)) is None
    assert fast_run.FastRun().tile_for((4096, 4096)) == fast_run.TILE
    assert fast_run.FastRun(tile=100).tile_for((200, 90)) == 96
    assert fast_run.FastRun(tile=200).tile_for((200, 90)) is None


def test_transparency_and_record_are_kept(painter: Painter, tmp_path: Path) -> None:
    alpha = np.full((45, 61), 99, np.uint8)
    Image.fromarray(np.dstack([PHOTO, alpha])).save(tmp_path / "photo.png")
    Image.fromarray(PAINTING).save(tmp_path / "painting.png")
    result = painter.paint(tmp_path / "photo.png", painter.style(tmp_path / "painting.png"), strength=0.7)
    result.save(tmp_path / "out.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png"))[..., 3], alpha)
    record = records.read(tmp_path / "out.png")
    assert record["technique"] == "fast"
    assert record["run"]["strength"] == 0.7
    assert record["content"]["image"] == str(tmp_path / "photo.png")
    assert record["styles"][0]["image"] == str(tmp_path / "painting.png")
    assert np.isnan(result.loss)
    with pytest.raises(InvalidInputError, match="no losses"):
        result.plot()


def test_sixteen_bits_and_pil_images_are_photos(painter: Painter, painted: np.ndarray) -> None:
    style = painter.style(Image.fromarray(PAINTING))
    deep = PHOTO.astype(np.uint16) * 257
    np.testing.assert_allclose(painter.paint(deep, style).image, painted, atol=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strength": 1.5}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"rounds": 9}, "rounds"),
        ({"seed": -1}, "seed"),
        ({"size": 0}, "size"),
        ({"tile": 8}, "tile"),
        ({"preserve_color": "hue"}, "preserve_color|unknown"),
        ({"strenght": 1}, "did you mean"),
    ],
)
def test_impossible_settings_are_refused(painter: Painter, settings: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        painter.paint(PHOTO, painter.style(PAINTING), **settings)


def test_what_a_network_cannot_use_is_refused(painter: Painter, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no masks"):
        painter.style(Style(PAINTING, mask=LEFT))
    with pytest.raises(InvalidInputError, match="no masks"):
        painter.paint(Content(PHOTO, mask=LEFT), painter.style(PAINTING))
    with pytest.raises(InvalidInputError, match="needs a painting"):
        painter.paint(PHOTO)
    with pytest.raises(InvalidInputError, match="above 0"):
        painter.style(Style(PAINTING, weight=0))
    with pytest.raises(InvalidInputError, match="a weight for each"):
        mix([painter.style(PAINTING)], [1, 2])
    with pytest.raises(MissingFileError):
        Painter(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("no zip")
    with pytest.raises(InvalidInputError, match=r"no \.keras file"):
        Painter(tmp_path / "text.keras")


def test_the_function_paints_with_the_embedded_network(painted: np.ndarray) -> None:
    np.testing.assert_array_equal(paint(PHOTO, PAINTING).image, painted)


@pytest.fixture(scope="module")
def negative(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of one style, the negative, which halves the size and doubles it again."""
    photo = keras.Input((None, None, 3), dtype="float32")
    x = keras.layers.Rescaling(-1.0, 255.0)(photo)
    x = keras.layers.Conv2D(12, 2, 2, use_bias=False, kernel_initializer="zeros")(x)
    x = keras.layers.Conv2DTranspose(3, 2, 2, use_bias=False, kernel_initializer="zeros")(x)
    model = keras.Model(photo, x)
    kernel = np.eye(12).reshape(2, 2, 3, 12).astype(np.float32)
    model.layers[-2].set_weights([kernel])
    model.layers[-1].set_weights([kernel])
    path = tmp_path_factory.mktemp("networks") / "negative.keras"
    model.save(path)
    return path


def test_a_network_of_one_style_paints_any_size(negative: Path) -> None:
    painter = Painter(negative)
    assert painter.styles == ("style",)
    np.testing.assert_array_equal(painter.paint(PHOTO).image, 255 - PHOTO)
    assert painter.paint(PHOTO).record["styles"] == [{"name": "style", "weight": 1.0}]
    with pytest.raises(InvalidInputError, match="rounds"):
        painter.paint(PHOTO, rounds=1)
    with pytest.raises(InvalidInputError, match="unknown style"):
        painter.style("starry")


def test_a_network_of_several_styles_mixes_them(tmp_path: Path, painter: Painter) -> None:
    photo, shares = keras.Input((None, None, 3)), keras.Input((2,))
    grey = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(shares[:, 1:])
    keras.Model([photo, shares], photo + 100.0 * grey[:, None, None]).save(tmp_path / "two.keras")
    with zipfile.ZipFile(tmp_path / "two.keras", "a") as archive:
        archive.writestr(model_file.METADATA, json.dumps({"styles": ["plain", "light"]}))
    painter_of_any, painter, dark = painter, Painter(tmp_path / "two.keras"), PHOTO // 3
    assert painter.styles == ("plain", "light")
    np.testing.assert_array_equal(painter.paint(dark).image, dark)
    np.testing.assert_array_equal(painter.paint(dark, painter.style("light")).image, dark + 100)
    mixed = mix([painter.style("plain"), painter.style("light")], [1, 3])
    np.testing.assert_array_equal(painter.paint(dark, mixed).image, dark + 75)
    with pytest.raises(InvalidInputError, match="in plain, light only"):
        painter.paint(dark, painter_of_any.style(PAINTING))


def test_other_networks_are_refused(tmp_path: Path) -> None:
    flat = keras.Input((4,))
    keras.Model(flat, keras.layers.Dense(2)(flat)).save(tmp_path / "flat.keras")
    with pytest.raises(InvalidInputError, match="no network from pictures"):
        Painter(tmp_path / "flat.keras")
