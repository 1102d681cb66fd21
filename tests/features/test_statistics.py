"""Statistics: which are one, which may be cut into tiles, and what is passed to their functions."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from keras import ops

from neural_style import InvalidInputError, backend
from neural_style.features.extractor import FeatureExtractor, feature_extractor
from neural_style.features.statistics import Field, Statistic, check_additive
from neural_style.losses.content import content_loss_gatys2016
from neural_style.losses.regions import region_gram_matrices
from neural_style.losses.style import gram_matrix, mean_gram_matrix
from neural_style.objectives import terms
from neural_style.objectives.objective import Objective, Term

LAYERS = ("conv1_1", "conv1_2", "conv2_1")
SIZE = (37, 45)


@pytest.fixture(scope="module")
def extractor() -> FeatureExtractor:
    return feature_extractor("mini", "random", LAYERS)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).uniform(0, 255, (*SIZE, 3)).astype("float32")


def projected(features, mask, matrix, target):
    """Masked sums of features by a matrix (C, k), compared with (k,): a field, and two constants."""
    sums = ops.sum(ops.matmul(features * mask, matrix), axis=(1, 2))
    return sums - 0.0 * target


def histogram(features, edges):
    """How many activations lie above each edge: additive, with a constant."""
    return ops.sum(ops.sigmoid(features[..., None] - edges), axis=(1, 2))


MEAN = Statistic(("conv2_1",), mean_gram_matrix)
NOT_ADDITIVE = {
    "a mean": MEAN,
    "a maximum": Statistic(("conv1_1",), partial(ops.max, axis=(1, 2))),
    "a ratio": Statistic(("conv1_2",), lambda f: ops.sum(f**2, axis=(1, 2)) / ops.sum(f, axis=(1, 2))),
    "a mean in one direction": Statistic(("image",), lambda x: ops.sum(ops.mean(ops.square(x), axis=2), axis=(1, 2))),
    "differences without their halo": dataclasses.replace(terms.total_variation(weight=1.0).statistic, halo=0),
    "an error in parts of the tile": Statistic(
        ("conv1_1",), content_loss_gatys2016, (Field(np.zeros((1, *SIZE, 32), "float32")),)
    ),
    "regions in parts of the tile": Statistic(
        ("conv1_1",), region_gram_matrices, (Field(np.ones((1, *SIZE, 2), "float32")),)
    ),
}
COMMON = {"size": SIZE, "image_size": SIZE}
ADDITIVE = {
    "gram": terms.correlations(("conv1_1",), normalization="titu1994", shift=-1.0, **COMMON),
    "a pair of layers": terms.correlations(("conv1_2", "conv2_1"), normalization="relative", shift=-1.0, **COMMON),
    "total variation": terms.total_variation(weight=1.0).statistic,
    "content": terms.content(
        "conv1_2", np.ones((1, *SIZE, 32), "float32"), weight=1.0, image_size=SIZE, normalization="johnson2016"
    ).statistic,
    "regions": Statistic(
        ("conv1_1",), partial(region_gram_matrices, areas=(1.0, 1.0)), (Field(np.ones((1, *SIZE, 2), "float32")),)
    ),
    "a histogram": Statistic(("conv1_1",), histogram, constants=(np.linspace(0, 9, 5),)),
}


@pytest.mark.parametrize("name", NOT_ADDITIVE)
def test_what_is_declared_additive_and_is_not_is_refused_with_tiles(extractor, image, name):
    """A mean of n tiles would be n times that of the whole, and nobody would notice."""
    statistic = NOT_ADDITIVE[name]
    with pytest.raises(InvalidInputError, match=r"declared additive and is not: .* as a whole and .* of four parts"):
        extractor.sums(image, [statistic], tile=24)
    with pytest.raises(InvalidInputError, match="declared additive and is not"):
        extractor.vjp(image, [statistic], tile=24)


@pytest.mark.parametrize("name", ADDITIVE)
def test_what_is_additive_is_the_same_by_tiles(extractor, image, name):
    whole, tiled = (extractor.sums(image, [ADDITIVE[name]], tile=tile)[0] for tile in (None, 16))
    np.testing.assert_allclose(np.asarray(tiled), np.asarray(whole), rtol=1e-4)


def test_a_statistic_that_is_not_additive_says_so(extractor, image):
    mean = dataclasses.replace(MEAN, additive=False)
    message = "mean_gram_matrix of conv2_1 is not additive over positions, so it cannot be computed by tiles"
    for refused in (
        lambda: check_additive([ADDITIVE["gram"], mean]),
        lambda: extractor.sums(image, [mean], tile=24),
        lambda: extractor.vjp(image, [mean], tile=24),
    ):
        with pytest.raises(InvalidInputError, match=message):
            refused()
    expected = extractor.sums(image, [Statistic(("conv2_1",), gram_matrix)])[0] / (18 * 22)
    np.testing.assert_allclose(np.asarray(extractor.sums(image, [mean])[0]), np.asarray(expected), rtol=1e-5)


def test_fields_and_constants_are_passed_to_the_function(extractor, image):
    """In this order, in the precision of the features; as a whole, by tiles, and in an objective with its gradient."""
    rng = np.random.default_rng(1)
    mask, matrix, target = rng.uniform(0, 1, (1, 18, 22, 1)), rng.standard_normal((64, 3)), rng.standard_normal(3)
    statistic = Statistic(("conv2_1",), projected, (Field(mask),), constants=(matrix, target))
    features = extractor.features(image, ["conv2_1"])["conv2_1"][0].astype("float64")
    expected = np.einsum("hwc,hw,ck->k", features, mask[0, ..., 0], matrix)
    for tile in (None, 16):
        (found,) = extractor.sums(image, [statistic], tile=tile)
        np.testing.assert_allclose(np.asarray(found), expected[None], rtol=1e-3)
    whole, tiled = (
        Objective([Term("projected", 2.0, statistic, lambda s, _: ops.sum(ops.square(s)))], extractor, SIZE, tile=tile)
        for tile in (None, 16)
    )
    one, other = whole.evaluate(image), tiled.evaluate(image)
    assert one.value == pytest.approx(2 * np.square(expected).sum(), rel=1e-3)
    assert other.value == pytest.approx(one.value, rel=1e-4)
    assert np.linalg.norm(one.gradient - other.gradient) < 1e-4 * np.linalg.norm(one.gradient)


def test_constants_are_arguments_of_programs_and_not_part_of_them(extractor, image):
    """Statistics that differ in their constants share programs, by tiles too, and are still computed each by itself."""
    two = [Statistic(("conv1_1",), histogram, constants=(np.full(3, edge),)) for edge in (1.0, 30.0)]
    assert two[0].key == two[1].key
    assert two[0] != two[1]
    assert two[0].bare.constants == ()
    for tile in (None, 40):
        one, other = (np.asarray(extractor.sums(image, [each], tile=tile)[0]) for each in two)
        assert (one > other).all()
    traced = []

    def counted(features, edges):
        traced.append(edges)
        return histogram(features, edges)

    programs = []
    for edge in (1.0, 30.0):
        statistic = Statistic(("conv1_1",), counted, constants=(np.full(3, edge),))
        programs.append(np.asarray(extractor.sums(image, [statistic], tile=40)[0]))
        if edge == 1.0:
            count = len(traced)
    assert len(traced) == count
    assert (programs[0] > programs[1]).all()


def test_equal_statistics():
    """By function, layers, and the same objects as fields and constants: k styles share one."""
    field, matrix = Field(np.ones((1, 2, 2, 1))), np.eye(3)
    statistic = Statistic(("conv1_1",), partial(gram_matrix, shift=-1.0), (field,), constants=(matrix,))
    same = Statistic(("conv1_1",), partial(gram_matrix, shift=-1.0), (field,), constants=(matrix,))
    assert statistic == same
    assert hash(statistic) == hash(same)
    others = [
        dataclasses.replace(statistic, layers=("conv1_2",)),
        dataclasses.replace(statistic, function=partial(gram_matrix, shift=0.0)),
        dataclasses.replace(statistic, fields=(Field(field.values),)),
        dataclasses.replace(statistic, constants=(matrix.copy(),)),
        dataclasses.replace(statistic, constants=()),
        dataclasses.replace(statistic, halo=1),
        dataclasses.replace(statistic, additive=False),
    ]
    assert len({statistic, *others}) == 8
    assert statistic != "statistic"


def test_floats_get_the_precision_of_the_features_and_whole_numbers_stay():
    constants = np.array([0.5]), np.array([1, 2])
    statistic = Statistic(("conv1_1",), gram_matrix, (Field(np.ones((1, 4, 4, 2))),), constants=constants)
    found = statistic.arguments("float32", (slice(1, 3), slice(0, 1)))
    assert [np.asarray(each).shape for each in found] == [(1, 2, 1, 2), (1,), (2,)]
    kinds = [np.asarray(each).dtype.kind for each in found]
    assert kinds == ["f", "f", "i"]
    assert np.asarray(found[0]).dtype == np.asarray(found[1]).dtype == np.float32
    if backend.NAME == "tensorflow":
        assert np.asarray(found[2]).dtype == np.int64
