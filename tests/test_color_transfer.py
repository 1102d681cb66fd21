"""Colour transfer: the golden pictures, mean and covariance, and pictures without colour."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tifffile
from PIL import Image

import neural_style.color_transfer
import neural_style.mask_transfer
from neural_style import InvalidInputError, images, transfer_color
from neural_style.color_transfer import LINEAR_MAPS, MATCHES, METHODS, NOISE, linear_map, match_colors
from neural_style.masks.mask import read_mask

pytestmark = pytest.mark.filterwarnings("ignore:the .* is stretched to that shape")

JFIF = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


@pytest.fixture
def generated(golden: Mapping[str, np.ndarray]) -> np.ndarray:
    return golden["ct_generated_u8"]


@pytest.fixture
def content(golden: Mapping[str, np.ndarray]) -> np.ndarray:
    return golden["ct_content_u8"]


@pytest.fixture
def mask(golden: Mapping[str, np.ndarray]) -> np.ndarray:
    return golden["ct_mask01"].astype(bool)


def covariance(pixels: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.cov(pixels.reshape(-1, 3).astype(np.float64).T, bias=True)
    return found


def left(picture: np.ndarray, columns: int) -> np.ndarray:
    """A mask that is white in the first columns."""
    return np.tile(np.arange(picture.shape[1]) < columns, (picture.shape[0], 1))


def drawn(condition: float, seed: int = 0) -> np.ndarray:
    """A covariance in grey levels with eigenvalues from 4000 down to 4000 / condition."""
    axes = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    return np.asarray((axes * [4000, 4000 / condition**0.5, 4000 / condition]) @ axes.T)


# ---- the reference


def test_luminance_is_the_reference(
    golden: Mapping[str, np.ndarray], content: np.ndarray, generated: np.ndarray
) -> None:
    np.testing.assert_array_equal(transfer_color(content, generated), golden["ct_ycbcr_out"])


def test_masked_luminance_is_the_reference(
    golden: Mapping[str, np.ndarray], content: np.ndarray, generated: np.ndarray, mask: np.ndarray
) -> None:
    np.testing.assert_array_equal(transfer_color(content, generated, mask=mask), golden["ct_ycbcr_masked_out"])


def test_histogram_is_the_reference(
    golden: Mapping[str, np.ndarray], content: np.ndarray, generated: np.ndarray
) -> None:
    np.testing.assert_array_equal(transfer_color(content, generated, method="histogram"), golden["ct_hist_out"])


def test_the_histogram_of_a_region_is_matched_as_a_whole(
    golden: Mapping[str, np.ndarray], content: np.ndarray, generated: np.ndarray, mask: np.ndarray
) -> None:
    """The reference matches histograms of single pixels, and so copies the content."""
    found = transfer_color(content, generated, method="histogram", mask=mask)
    np.testing.assert_array_equal(golden["ct_hist_masked_out"][mask], content[mask])
    assert (found[mask] != content[mask]).any(axis=-1).mean() > 0.9
    for channel in range(3):
        # As many pixels on both sides: sorted, they agree but for ties and the truncation to whole levels.
        gap = np.sort(found[mask][:, channel].astype(int)) - np.sort(content[mask][:, channel])
        assert np.abs(gap).mean() < 1
        rising = np.argsort(generated[mask][:, channel])
        assert (np.diff(found[mask][rising, channel].astype(int)) >= 0).all()
    np.testing.assert_array_equal(found[~mask], generated[~mask])


def test_content_is_resized_in_ycbcr(photo: np.ndarray, painting: np.ndarray) -> None:
    size = painting.shape[1], painting.shape[0]
    y = Image.fromarray(painting).convert("YCbCr").getchannel(0)
    _, *colours = Image.fromarray(photo).convert("YCbCr").resize(size, Image.Resampling.BICUBIC).split()
    np.testing.assert_array_equal(transfer_color(photo, painting), Image.merge("YCbCr", [y, *colours]).convert("RGB"))


# ---- luminance in full precision


def test_luminance_in_floats_is_the_jfif_matrix(photo: np.ndarray) -> None:
    generated = np.clip(photo[::-1, ::-1].astype(np.float32) * 0.5 + 60.3, 0, 255)
    ours, theirs = generated @ JFIF.T, photo @ JFIF.T
    expected = np.concatenate([ours[..., :1], theirs[..., 1:]], axis=-1) @ np.linalg.inv(JFIF).T
    found = transfer_color(photo, generated)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.clip(expected, 0, 255), atol=2e-3)  # JFIF prints six digits


def test_luminance_in_floats_keeps_pixels_outside_of_the_mask(
    content: np.ndarray, generated: np.ndarray, mask: np.ndarray
) -> None:
    found = transfer_color(content, generated.astype(np.float32), mask=mask)
    np.testing.assert_array_equal(found[~mask], generated[~mask])
    np.testing.assert_array_equal(found[mask], transfer_color(content, generated.astype(np.float32))[mask])


def test_luminance_in_floats_and_in_8_bits_differ_by_rounding_only(photo: np.ndarray, painting: np.ndarray) -> None:
    eight = transfer_color(photo, painting).astype(int)
    assert np.abs(eight - transfer_color(photo.astype(np.float32), painting)).max() < 5


# ---- linear maps


@pytest.mark.parametrize("method", LINEAR_MAPS)
@pytest.mark.parametrize("condition", [1, 1e3, 1e6, 1e9])
def test_a_linear_map_gives_the_covariance(method: str, condition: float) -> None:
    for seed in range(10):
        start, goal = drawn(condition, seed), drawn(50, seed + 100)
        matrix = linear_map(start, goal, method=method)
        assert np.linalg.norm(matrix @ start @ matrix.T - goal) < 1e-4 * np.linalg.norm(goal)
        matrix = linear_map(goal, start, method=method)
        assert np.linalg.norm(matrix @ goal @ matrix.T - start) < 1e-4 * np.linalg.norm(start)


@pytest.mark.parametrize("method", LINEAR_MAPS)
def test_a_linear_map_of_real_pictures_gives_the_covariance(shared: Path, method: str) -> None:
    paths = sorted((shared / "images").glob("style/*.jpg")) + sorted((shared / "images").glob("content/*.jpg"))
    if not paths:
        pytest.skip(f"needs the pictures, which are not in {shared}")
    found = [covariance(np.asarray(Image.open(path).reduce(4))) for path in paths]
    for start in found:
        for goal in found:
            matrix = linear_map(start, goal, method=method)
            assert np.linalg.norm(matrix @ start @ matrix.T - goal) < 1e-4 * np.linalg.norm(goal)


@pytest.mark.parametrize("method", LINEAR_MAPS)
@pytest.mark.parametrize("rank", [0, 1, 2])
def test_a_linear_map_from_a_singular_covariance_is_finite_and_agrees_where_it_can(method: str, rank: int) -> None:
    axes = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]
    start = (axes * ([900.0, 400.0, 0.0] if rank == 2 else [900.0 * rank, 0.0, 0.0])) @ axes.T
    matrix = linear_map(start, start * 4, method=method)
    assert np.isfinite(matrix).all()
    np.testing.assert_allclose(matrix @ start @ matrix.T, start * 4, atol=0.4)
    assert np.isfinite(linear_map(start, drawn(10), method=method)).all()


def test_each_map_is_that_of_its_name() -> None:
    start, goal = drawn(30, 1), drawn(10, 2)
    lower = np.linalg.cholesky(goal) @ np.linalg.inv(np.linalg.cholesky(start))
    np.testing.assert_allclose(linear_map(start, goal, method="cholesky"), lower, rtol=1e-8)
    from scipy.linalg import inv, sqrtm

    pca = sqrtm(goal) @ inv(sqrtm(start))
    np.testing.assert_allclose(linear_map(start, goal, method="pca"), pca, rtol=1e-8)
    transport = linear_map(start, goal, method="monge_kantorovich")
    np.testing.assert_allclose(transport, transport.T, rtol=1e-8)
    assert np.linalg.eigvalsh(transport).min() > 0
    # E |A x - x|^2 = trace((A - 1) S (A - 1)^T): none moves colours less.
    costs = {
        method: np.trace((matrix - np.eye(3)) @ start @ (matrix - np.eye(3)).T)
        for method in LINEAR_MAPS
        for matrix in [linear_map(start, goal, method=method)]
    }
    assert min(costs, key=lambda method: costs[method]) == "monge_kantorovich"


@pytest.mark.parametrize("method", LINEAR_MAPS)
def test_mean_and_covariance_become_the_reference_picture_s(method: str, photo: np.ndarray) -> None:
    narrow = 100 + photo[:20, :30].astype(np.float64) / 8  # nothing is clipped
    found = match_colors(photo.astype(np.float32), narrow, method=method)
    np.testing.assert_allclose(found.mean((0, 1)), narrow.mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(covariance(found), covariance(narrow), rtol=1e-4)


@pytest.mark.parametrize("method", LINEAR_MAPS)
def test_8_bits_are_rounded_and_not_truncated(method: str, photo: np.ndarray, painting: np.ndarray) -> None:
    content = photo[:36, :30]
    exact = transfer_color(content.astype(np.float32), painting, method=method)
    assert np.abs(transfer_color(content, painting, method=method) - exact).max() <= 0.5 + 1e-4


@pytest.mark.parametrize("method", LINEAR_MAPS)
def test_masked_statistics_are_those_of_masked_pixels(method: str, photo: np.ndarray) -> None:
    narrow = (100 + photo[::-1].astype(np.float32) / 8).astype(np.float32)
    narrow[:, 30:] = 250  # must not count
    mask = left(photo, 30)
    found = transfer_color(narrow, photo.astype(np.float32), method=method, mask=mask)
    np.testing.assert_allclose(found[mask].mean(0), narrow[mask].mean(0), rtol=1e-5)
    np.testing.assert_allclose(covariance(found[mask]), covariance(narrow[mask]), rtol=1e-4)
    np.testing.assert_array_equal(found[~mask], photo[~mask])


# ---- laws for every method


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("masked", [False, True])
def test_onto_itself_is_the_identity_to_one_grey_level(
    method: str, dtype: type, masked: bool, photo: np.ndarray, painting: np.ndarray
) -> None:
    grey = np.repeat(photo[..., :1], 3, axis=2)
    for picture in (photo, painting, grey, np.full_like(photo, (200, 90, 40))):
        mask = left(picture, 20) if masked else None
        found = transfer_color(picture.astype(dtype), picture.astype(dtype), method=method, mask=mask)
        assert found.dtype == dtype
        assert np.abs(found.astype(float) - picture).max() <= 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_mask_of_ones_is_no_mask(method: str, dtype: type, photo: np.ndarray, painting: np.ndarray) -> None:
    everywhere = transfer_color(photo.astype(dtype), painting.astype(dtype), method=method)
    masked = transfer_color(photo.astype(dtype), painting.astype(dtype), method=method, mask=np.ones((9, 9), bool))
    np.testing.assert_allclose(masked, everywhere, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_mask_has_any_size_and_128_is_white(method: str, photo: np.ndarray, painting: np.ndarray) -> None:
    grey = np.full((72, 60), 127, np.uint8)
    grey[:, 30:] = 128
    found = transfer_color(photo.astype(np.float32), painting, method=method, mask=grey)
    np.testing.assert_array_equal(found[:, :15], painting[:, :15])
    assert (found[:, 15:] != painting[:, 15:]).any(axis=-1).mean() > 0.9


@pytest.mark.parametrize("method", METHODS)
def test_a_soft_mask_lies_between(method: str, photo: np.ndarray, painting: np.ndarray) -> None:
    photo, painting = 90 + photo.astype(np.float32) / 4, 90 + painting.astype(np.float32) / 4  # nothing is clipped
    grey = np.full((36, 30), 255, np.uint8)
    grey[:18] = 102
    only = np.tile(np.arange(36)[:, None] >= 18, 30)
    soft = transfer_color(photo, painting, method=method, mask=read_mask(grey, soft=True))
    hard = transfer_color(photo, painting, method=method, mask=only)
    np.testing.assert_allclose(soft[18:], hard[18:], atol=1e-3)  # what is measured is white
    assert np.abs(soft[:18] - painting[:18]).mean() > 0.5
    if method == "luminance":
        whole = transfer_color(photo, painting)
        np.testing.assert_allclose(soft[:18], painting[:18] + 0.4 * (whole[:18] - painting[:18]), atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_pictures_without_colour_or_contrast(method: str, dtype: type, photo: np.ndarray) -> None:
    grey = np.repeat(photo[..., 1:2], 3, axis=2)
    flat = np.full_like(photo, (200, 90, 40))
    for one, other in [(photo, grey), (photo, flat), (grey, flat), (flat, grey), (flat, photo), (grey, photo)]:
        found = transfer_color(one.astype(dtype), other.astype(dtype), method=method)
        assert np.isfinite(found).all()
    if method in MATCHES:
        np.testing.assert_allclose(transfer_color(flat, photo, method=method), flat, atol=1)
    if method in (*LINEAR_MAPS, "luminance"):
        found = transfer_color(grey.astype(dtype), photo.astype(dtype), method=method).astype(float)
        assert np.ptp(found, axis=2).max() <= 1


@pytest.mark.parametrize("method", LINEAR_MAPS)
def test_noise_is_not_amplified_to_colour(method: str, photo: np.ndarray) -> None:
    """A 16-bit grey picture whose channels differ by rounding gets a tint, and no coloured grain."""
    grey = np.repeat(photo[..., 1:2], 3, axis=2).astype(np.float32) / 2 + 50
    noise = np.random.default_rng(6).normal(0, 0.01, photo.shape)
    clean = transfer_color(photo, grey, method=method)
    grain = transfer_color(photo, (grey + noise).astype(np.float32), method=method) - clean
    assert np.ptp(clean, axis=2).max() > 5
    assert grain.std() < 0.02 * np.sqrt(np.linalg.eigvalsh(covariance(photo))[-1] / NOISE)


@pytest.mark.parametrize("method", METHODS)
def test_sixteen_bits_are_kept(method: str, tmp_path: Path) -> None:
    row, column = np.mgrid[0:64, 0:64]
    ramp = 20000 + 30 * row + 170 * column
    deep = np.stack([ramp, 60000 - ramp // 2, ramp // 3 + 40 * row], axis=-1).astype(np.uint16)
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb")
    generated = images.read(tmp_path / "deep.tif").rgb
    content = (deep[::-1] // 257).astype(np.uint8)
    found = transfer_color(content, tmp_path / "deep.tif", method=method)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, transfer_color(content, generated, method=method))
    levels = [len(np.unique(np.rint(found[..., channel].astype(np.float64) * 257))) for channel in range(3)]
    assert min(levels) > (150 if method == "histogram" else 1000)  # more than 8 bits of the content's range can hold
    if method != "luminance":
        itself = transfer_color(generated, generated, method=method)
        np.testing.assert_allclose(itself * 257, deep, atol=0.5)


def test_inputs_are_unchanged(photo: np.ndarray, painting: np.ndarray) -> None:
    content, generated = photo.copy(), painting.copy()
    for method in METHODS:
        found = transfer_color(content, generated, method=method)
        assert not np.shares_memory(found, generated)
        assert not np.shares_memory(transfer_color(generated, generated, method=method), generated)
    np.testing.assert_array_equal(content, photo)
    np.testing.assert_array_equal(generated, painting)


# ---- matching two pictures of different layout


@pytest.mark.parametrize("method", MATCHES)
def test_a_style_takes_the_colours_of_one_region_of_the_content(method: str, painting: np.ndarray) -> None:
    content = np.full((50, 70, 3), 255, np.uint8)
    content[:, :20] = np.random.default_rng(7).integers(90, 130, (50, 20, 3))
    found = match_colors(painting, content, method=method, reference_mask=left(content, 20))
    assert found.shape == painting.shape
    np.testing.assert_allclose(found.mean((0, 1)), content[:, :20].mean((0, 1)), atol=1)
    assert found.max() < 170


@pytest.mark.parametrize("method", MATCHES)
def test_only_the_masked_part_of_the_image_changes(method: str, photo: np.ndarray, painting: np.ndarray) -> None:
    found = match_colors(painting, photo, method=method, mask=left(painting, 12))
    np.testing.assert_array_equal(found[:, 12:], painting[:, 12:])
    np.testing.assert_array_equal(
        found[:, :12], match_colors(np.ascontiguousarray(painting[:, :12]), photo, method=method)
    )


def test_unknown_methods_get_a_suggestion(photo: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match='did you mean "cholesky"'):
        transfer_color(photo, photo, method="choleski")
    with pytest.raises(InvalidInputError, match="choose one of: luminance, histogram"):
        transfer_color(photo, photo, method="hsv")
    with pytest.raises(InvalidInputError, match="luminance takes colours pixel by pixel"):
        match_colors(photo, photo, method="luminance")
    with pytest.raises(InvalidInputError, match='unknown linear map of colours "histogram"'):
        linear_map(np.eye(3), np.eye(3), method="histogram")


def test_modules_are_modules_and_functions_have_names_of_their_own() -> None:
    for name in ("network", "inetwork", "doodle", "color_transfer", "mask_transfer"):
        assert isinstance(getattr(neural_style, name), ModuleType)
    assert neural_style.color_transfer.transfer_color is neural_style.transfer_color
    assert neural_style.mask_transfer.transfer_mask is neural_style.transfer_mask
