"""Nearest patches against brute force, and the laws of the losses made of them."""

import numpy as np
import pytest
from keras import ops

from neural_style import InvalidInputError, backend
from neural_style.losses.neighbours import centred, hypercolumns, neighbour_loss
from neural_style.losses.patches import (
    nearest_patches,
    patch_distance,
    patch_loss,
    patch_power,
    semantic_patch_loss,
)

DTYPE = "float64" if backend.NAME == "tensorflow" else "float32"
CLOSE = 1e-9 if DTYPE == "float64" else 1e-4


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def tensor(array):
    return ops.convert_to_tensor(array, dtype=DTYPE)


def patches_of(array, size):
    rows, columns = (extent - size + 1 for extent in array.shape[:2])
    return np.stack([array[i : i + size, j : j + size].ravel() for i in range(rows) for j in range(columns)])


def by_brute_force(features, paintings, size):
    """`sum_i |Psi_i - Psi_NN(i)|^2` from the matrix of all pairs."""
    own = patches_of(features, size)
    all_of_them = np.concatenate([patches_of(each, size) for each in paintings])
    nearest = (own @ (all_of_them / np.linalg.norm(all_of_them, axis=1, keepdims=True)).T).argmax(axis=1)
    return np.square(own - all_of_them[nearest]).sum()


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("block", [2**20, 500], ids=["one block", "several blocks"])
def test_distance_to_nearest_patches_is_that_of_brute_force(size, block):
    features, paintings = random(6, 7, 4), [random(5, 6, 4, seed=1), random(4, 8, 4, seed=2)]
    own, maps = tensor(features), [tensor(each) for each in paintings]
    found = patch_distance(own, maps, nearest_patches(own, maps, size=size, block=block), size=size)
    assert float(found) == pytest.approx(by_brute_force(features, paintings, size), rel=CLOSE)


@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_distance_to_patches_nearest_in_features_and_map_is_that_of_brute_force(weight):
    """The score of alexjc/neural-doodle: cosines of features and, `weight` times, of maps, summed over positions."""
    (x, painting), (wanted, painted) = (
        [random(6, 7, 4), random(5, 8, 4, seed=1)],
        [np.abs(random(6, 7, 2, seed=2)), np.abs(random(5, 8, 2, seed=3))],
    )
    unit = [each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (x, wanted, painting, painted)]
    own, own_map, other, other_map = (patches_of(each, 3) for each in unit)
    nearest = (own @ other.T + weight * own_map @ other_map.T).argmax(axis=1)
    expected = np.square(patches_of(x, 3) - patches_of(painting, 3)[nearest]).sum()
    found = semantic_patch_loss(*(tensor(each[None]) for each in (x, wanted, painting, painted)), weight=weight)
    assert float(found[0]) == pytest.approx(expected, rel=CLOSE)
    if weight:
        assert (nearest != (own @ other.T).argmax(axis=1)).any()


def test_a_heavy_map_decides():
    """Two regions that look alike, of which the map wants the other one for each patch."""
    x, left = random(1, 5, 6, 3), (np.arange(6) < 3)[None, None, :, None].repeat(5, axis=1)
    regions = np.concatenate([left, ~left], axis=-1).astype(float)
    maps = [tensor(each) for each in (regions, regions[:, :, ::-1])]
    near, far = (float(semantic_patch_loss(tensor(x), maps[0], tensor(x), other, weight=1000.0)[0]) for other in maps)
    assert near < 1e-5 * far


def test_gradient_is_that_of_finite_differences():
    if DTYPE == "float32":
        pytest.skip("finite differences need float64")
    x, paintings = random(1, 6, 7, 3), [tensor(random(1, 5, 8, 3, seed=1)), tensor(random(1, 7, 4, 3, seed=2))]
    direction, step = random(*x.shape, seed=3), 1e-6
    maps = [tensor(np.abs(random(1, *extent, 2, seed=4))) for extent in ((6, 7), (5, 8))]

    def semantic(x, painting, _):
        return semantic_patch_loss(x, maps[0], painting, maps[1], weight=2.0)

    for loss in (patch_loss, neighbour_loss, semantic):
        _, _, gradient = backend.value_and_grad(lambda x, _, loss=loss: (ops.sum(loss(x, *paintings)), 0.0))(
            tensor(x), 0.0
        )
        ahead, behind = (float(ops.sum(loss(tensor(x + s * step * direction), *paintings))) for s in (1, -1))
        assert (np.asarray(gradient) * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-5)


def test_zero_where_all_patches_are_the_paintings():
    painting = tensor(random(1, 8, 9, 4))
    power = float(patch_power(painting)[0])
    assert power == pytest.approx(np.square(patches_of(np.asarray(painting)[0], 3)).sum(1).mean(), rel=1e-4)
    assert abs(float(patch_loss(painting[:, 2:7, 1:6], painting)[0])) < 1e-5 * power
    assert float(patch_loss(painting + 1, painting)[0]) > power
    permuted = tensor(np.random.default_rng(1).permutation(np.asarray(painting).reshape(-1, 4)).reshape(1, 9, 8, 4))
    columns, others = (each - ops.mean(painting) for each in (permuted, painting))
    assert abs(float(neighbour_loss(columns, others)[0])) < 1e-5 * power


def test_each_picture_of_a_batch_has_its_own_matches():
    batch, painting = tensor(random(2, 6, 5, 3)), tensor(random(1, 7, 6, 3, seed=1))
    for loss in (patch_loss, neighbour_loss):
        alone = [float(loss(batch[index : index + 1], painting)[0]) for index in (0, 1)]
        np.testing.assert_allclose(np.asarray(loss(batch, painting)), alone, rtol=1e-4)


def test_neighbours_are_compared_without_their_means():
    painting = np.array([[[[1.0, 0.0], [0.0, 1.0]]]])
    x = tensor(np.array([[[[10.0, 9.0], [9.0, 10.0]]]]))  # the same without its mean
    np.testing.assert_allclose(np.asarray(centred(x)), np.asarray(centred(tensor(painting))))
    assert float(neighbour_loss(x, tensor(painting))[0]) == pytest.approx(4 * 81)


def test_hypercolumns_average_large_maps_and_repeat_small_ones():
    large, own, small = random(1, 5, 8, 2), random(1, 2, 4, 3), random(1, 1, 2, 1)
    found = np.asarray(hypercolumns([tensor(large), tensor(own), tensor(small)], tensor([1, 2, 3]), size=(2, 4)))
    np.testing.assert_allclose(found[0, 1, 2, :2], large[0, 2:4, 4:6].mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(found[..., 2:5], 2 * own, rtol=1e-5)
    np.testing.assert_allclose(found[0, 1, 3, 5], 3 * small[0, 0, 1, 0], rtol=1e-5)


def test_hypercolumns_of_few_rows_keep_their_places():
    """7 rows make one of 4, and 8 columns two."""
    large, own = random(1, 7, 8, 2), random(1, 1, 2, 3)
    found = np.asarray(hypercolumns([tensor(large), tensor(own)], tensor([1, 1]), size=(1, 2)))
    np.testing.assert_allclose(found[0, 0, 1, :2], large[0, :4, 4:8].mean((0, 1)), rtol=1e-5)


def test_maps_without_a_patch_are_refused():
    with pytest.raises(InvalidInputError, match="at least 3 x 3 positions"):
        nearest_patches(tensor(random(2, 5, 4)), [tensor(random(5, 5, 4))])
