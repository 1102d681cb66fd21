"""Networks and programs are kept for the next picture, and never used for another problem than their own."""

import itertools

import numpy as np
import pytest

from neural_style import Content, Network, Style
from neural_style.backend import PROGRAMS
from neural_style.features.extractor import SIZES_OF_PICTURES, feature_extractor
from neural_style.solvers import lbfgs

TECHNIQUE = Network(model="mini", weights="random", content_layer="conv2_1", style_layers=("conv1_1", "conv2_1"))


def left_of(column):
    mask = np.zeros((40, 48), "uint8")
    mask[:, :column] = 255
    return mask


def evaluated(content, styles, x):
    return TECHNIQUE.objective(content, styles, image_size=40).evaluate(x)


def test_pictures_of_one_shape_share_their_programs(photo, painting):
    PROGRAMS.clear()
    x = np.random.default_rng(0).uniform(0, 255, (40, 48, 3)).astype("float32")
    first, second = (TECHNIQUE.objective(content, painting, image_size=40) for content in (photo, photo[::-1].copy()))
    errors = [objective.evaluate(x).parts["content.conv2_1"] for objective in (first, second)]
    assert len(PROGRAMS) == 1
    assert errors[0] != pytest.approx(errors[1], rel=1e-3)  # each has targets of its own
    for objective in (first, second):
        list(lbfgs.minimise(objective.function, x, evaluations=2))
    assert len(PROGRAMS) == 2
    heavier = Network(**{**vars(TECHNIQUE), "content_weight": 1.0}).objective(photo, painting, image_size=40)
    assert heavier.evaluate(x).parts["content.conv2_1"] == pytest.approx(
        first.evaluate(x).parts["content.conv2_1"] / 0.011, rel=1e-4
    )
    assert len(PROGRAMS) == 2  # weights are no part of a program


def test_shapes_that_take_turns_keep_the_programs_of_their_three_sizes(photo, painting):
    """Each size has a program of its own, of 12 MB, so a folder of many sizes keeps the last ones only."""
    PROGRAMS.clear()
    pictures = photo, photo[:, :36], photo[:30]
    functions = [
        TECHNIQUE.objective(each, painting, image_size=rows).function for each in pictures for rows in (8, 16, 24)
    ]
    made = []
    for function in 2 * functions:
        function.program("step", lambda function=function: made.append(function))
    assert made == functions
    assert functions[0].programs.limit == SIZES_OF_PICTURES


def test_programs_are_not_shared_where_masks_differ(photo, painting):
    """Which styles share a mask, and which have none, is part of the program."""
    x = np.random.default_rng(1).uniform(0, 255, (40, 48, 3)).astype("float32")
    one, two = left_of(10), left_of(30)
    paintings = [painting, painting[::-1].copy(), painting[:, ::-1].copy()]
    cases = [(None, None, None), (one, one, two), (one, two, two), (one, None, two), (None, one, two), (one, two, None)]

    def styles(masks):
        return [Style(image, mask=mask) for image, mask in zip(paintings, masks, strict=True)]

    alone = []
    for masks in cases:
        PROGRAMS.clear()
        alone.append(evaluated(Content(photo), styles(masks), x))
    PROGRAMS.clear()
    for expected, masks in zip(alone, cases, strict=True):
        found = evaluated(Content(photo), styles(masks), x)
        assert found.parts == pytest.approx(expected.parts, rel=1e-6)
        np.testing.assert_array_equal(found.gradient, expected.gradient)
    assert len(PROGRAMS) >= 5
    for (_, before), (_, after) in itertools.pairwise(zip(cases, alone, strict=True)):
        assert before.value != after.value


def test_a_changed_weights_file_is_read_again(tmp_path):
    from neural_style.features.vgg import architecture
    from neural_style.features.weights import load

    table, path = architecture("mini"), tmp_path / "weights.npz"
    seen = []
    for seed in (1, 2):
        np.savez(path, **load(table, f"random:{seed}", ("conv1_1",)))
        seen += [feature_extractor("mini", str(path), ("conv1_1",)), feature_extractor("mini", str(path), ("conv1_1",))]
        path.touch()
    assert seen[0] is not seen[2]
    assert seen[2] is seen[3]
    assert seen[0].weights_sha256 != seen[2].weights_sha256
