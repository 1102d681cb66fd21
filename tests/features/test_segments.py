"""Segments: tiles of blocks have the gradient of the whole, in the memory that is predicted."""

import tracemalloc

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_style import INetwork
from neural_style.backend import GRAPHS, PROGRAMS, compilation
from neural_style.features.checkpointing import spec_of
from neural_style.features.extractor import FeatureExtractor, feature_extractor
from neural_style.features.segments import Spec, kept_bytes, operations, segments_of
from neural_style.features.statistics import Statistic
from neural_style.features.vgg import architecture
from neural_style.losses.style import cross_gram_matrix, gram_matrix
from neural_style.objectives import terms
from neural_style.objectives.objective import Objective, Term

LAYERS = ("conv1_1", "conv2_1", "conv3_2", "conv4_1", "conv4_3", "conv5_1")
"""Features of conv4_3 are kept, and those behind its pooling are another segment's."""

VGG = Spec(architecture("vgg19"), ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", "conv5_2"))


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    """Operation by operation, as in test_tiling.py."""
    monkeypatch.setattr(compilation, "_graph", lambda function, arguments: function)


def chosen_terms():
    """Gram matrices of single layers and of a pair, and differences of pixels."""
    statistics = [Statistic((layer,), gram_matrix) for layer in LAYERS]
    statistics.append(Statistic(("conv4_1", "conv4_3"), cross_gram_matrix))
    return [
        terms.total_variation(weight=1e-3),
        *(Term(str(index), 1e-6, each) for index, each in enumerate(statistics)),
    ]


@pytest.mark.parametrize("pooling", ["max", "ave"])
def test_gradients_of_several_cuts_are_those_of_the_whole(pooling):
    """By maxima, also where the four positions of a pooling are equal: half of the picture has one colour."""
    extractor = feature_extractor("vgg16", "random", LAYERS, pooling=pooling)
    size, image = (49, 70), np.random.default_rng(0).uniform(0, 255, (49, 70, 3)).astype("float32")
    image[:, 35:] = 90.0
    chosen = chosen_terms()
    spec = spec_of(extractor, [term.statistic for term in chosen])
    segments = segments_of(spec, size, 16)
    assert [each.kept for each in segments] == [(), (), ("conv4_3",), ()]
    whole, tiled = (Objective(chosen, extractor, size, tile=tile).evaluate(image) for tile in (None, 16))
    assert tiled.parts == pytest.approx(whole.parts, rel=1e-4)
    difference = np.linalg.norm(tiled.gradient - whole.gradient)
    assert difference <= 1e-4 * np.linalg.norm(whole.gradient)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(80, 5000), columns=st.integers(80, 5000), side=st.integers(32, 1200))
def test_segments_are_the_network_and_their_halos_its_receptive_field(rows, columns, side):
    segments = segments_of(VGG, (rows, columns), side)
    assert sum((each.layers for each in segments), ()) == VGG.below
    assert [each.end for each in segments] == ["conv3_1", "conv4_1", "conv5_1", None]
    for segment, field in zip(segments, (2 * 1 + 2 * 2, 4 * 4, 4 * 8, 2 * 16), strict=True):
        assert segment.halo >= field
        for tile in segment.tiles((rows, columns)):
            for core, window, extent in zip(tile.core, tile.window, (rows, columns), strict=True):
                assert core.start % segment.stride == window.start % segment.stride == 0
                assert window.start == 0 or core.start - window.start >= field
                assert window.stop == extent or window.stop - core.stop >= field


def test_sums_alone_keep_nothing_of_a_picture():
    """No map as large as the picture, of which paintings may be many times as large as the pastiche."""
    extractor = feature_extractor("mini", "random", ("conv1_1", "conv3_1"))
    statistics = [Statistic((layer,), gram_matrix) for layer in extractor.layers]
    image = np.random.default_rng(0).uniform(0, 255, (192, 192, 3)).astype("float32")
    extractor.sums(image[:40], statistics, tile=64)  # with the check that they are additive
    tracemalloc.start()
    extractor.sums(image, statistics, tile=64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 192**2  # with the maps and signs of its segments 80


def test_programs_of_all_tiles_stay_until_the_next_evaluation():
    size = 6000, 8000
    shapes = [
        (segment.layers, ahead, tile.shape)
        for segment in segments_of(VGG, size, 256)
        for ahead in (True, False)
        for tile in segment.tiles(size, ahead=ahead)
    ]
    assert len(set(shapes)) == 4 * 2 * 9
    assert min(PROGRAMS.limit, GRAPHS.limit) > len(set(shapes)) + 8  # losses and the solver


def test_no_cut_between_layers_that_belong_together():
    pair = Spec(architecture("vgg19"), VGG.layers, (("conv3_1", "conv4_1"),))
    assert [each.layers[0] for each in segments_of(pair, (512, 512), 256)] == ["conv1_1", "conv3_1", "conv5_1"]
    with_image = Spec(architecture("vgg19"), VGG.layers, (("image", "conv5_1"),))
    assert len(segments_of(with_image, (512, 512), 256)) == 1
    chain = INetwork(model="vgg19", weights="random", variant="novak2016").extractor_spec.of_segments
    assert len(segments_of(chain, (512, 512), 256)) == 1


def test_what_is_kept_is_known_by_hand():
    """Behind block 2, 32 bytes a pixel; of conv2_2, a bit for each of 128 / 4 activations of a pixel."""
    segments = segments_of(VGG, (4096, 4096), 1024)
    assert segments[0].recomputed == ("conv1_1", "conv1_2", "conv2_1")
    assert [each.recomputed for each in segments[1:]] == [("conv3_1",), ("conv4_1",), ("conv5_1",)]
    assert kept_bytes(VGG, segments, 0) == 128 / 4 / 8 + 4 * 128 / 16
    assert operations(architecture("vgg19"), ["conv1_1", "conv2_1"]) == 9 * 3 * 64 + 9 * 64 * 128 / 4


def test_a_network_with_other_layers_is_not_cut():
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="mine")(image)
    x = keras.layers.MaxPooling2D()(keras.layers.MaxPooling2D()(x))
    extractor = FeatureExtractor(architecture("mini"), keras.Model(image, {"conv3_1": x}))
    assert not spec_of(extractor, [Statistic(("conv3_1",), gram_matrix)]).has_cuts


def own_network(change):
    """A network with VGG's names, up to the first layer behind a cut, of which one thing may be another."""
    settings = {"kernel_size": 3, "padding": "same", "activation": "relu"}
    changed = {
        "activation": {"activation": "softplus"},
        "dilation": {"dilation_rate": 2},
        "groups": {"groups": 2},
        "kernel": {"kernel_size": 1},
    }
    image = x = keras.Input((None, None, 3))
    for layer in architecture("mini").up_to_deepest(["conv3_1"]):
        block, name = int(layer[4]), f"block{layer[4]}_conv{layer[6]}"
        if layer.endswith("_1") and block > 1:
            x = keras.layers.MaxPooling2D(3 if change == "pool" else 2, 2, name=f"block{block - 1}_pool")(x)
        own = changed.get(change, {}) if layer == "conv2_2" else {}
        x = keras.layers.Conv2D(4, **{**settings, **own}, name=name)(x)
        if layer == "conv2_2" and change == "between":
            x = keras.layers.Rescaling(-1.0, 1.0)(x)
    return keras.Model(image, {"conv3_1": x * 2 if change == "behind" else x})


@pytest.mark.parametrize("change", ["activation", "between"])
def test_own_network_with_the_names_of_vgg_has_the_gradient_of_the_whole(change):
    """Another activation, or a further operation, which the way back of a cut network would leave out."""
    keras.utils.set_random_seed(0)
    extractor = FeatureExtractor(architecture("mini"), own_network(change))
    image = np.random.default_rng(0).uniform(0, 255, (33, 40, 3)).astype("float32")
    chosen = [Term("style", 1e-6, Statistic(("conv3_1",), gram_matrix))]
    whole, tiled = (Objective(chosen, extractor, (33, 40), tile=tile).evaluate(image) for tile in (None, 16))
    difference = np.linalg.norm(tiled.gradient - whole.gradient)
    assert difference <= 1e-4 * np.linalg.norm(whole.gradient)


@pytest.mark.parametrize(
    ("change", "is_cut"),
    [
        ("", True),
        *((each, False) for each in ("activation", "between", "behind", "dilation", "groups", "kernel", "pool")),
    ],
)
def test_own_network_is_cut_where_it_is_a_chain_of_vgg(change, is_cut):
    extractor = FeatureExtractor(architecture("mini"), own_network(change))
    assert spec_of(extractor, [Statistic(("conv3_1",), gram_matrix)]).has_cuts is is_cut


def test_features_in_another_precision_are_cut():
    extractor = feature_extractor("mini", "random", ("conv1_1", "conv3_1"), precision="bfloat16")
    assert spec_of(extractor, [Statistic(("conv3_1",), gram_matrix)]).has_cuts


def test_poolings_by_roots_are_not_cut():
    extractor = feature_extractor("mini", "random", ("conv3_1",), pooling="l2")
    assert not spec_of(extractor, [Statistic(("conv3_1",), gram_matrix)]).has_cuts
