"""Runs: what is yielded, kept, improved and repeated."""

import dataclasses
import itertools

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError, Network, NeuralStyleError, Style
from neural_style.backend.program import Evaluated, Function
from neural_style.images import to_uint8
from neural_style.objectives.objective import Auxiliary, Evaluation, Objective
from neural_style.runs import records
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, Run

TINY = Network(model="mini", weights="random", content_layer="conv1_2", style_layers=("conv1_1", "conv2_1"))


def instead_of_the_loss(monkeypatch, evaluate):
    """Solvers get what `evaluate(objective, image)` returns, as from a function that cannot be compiled."""
    original = Objective.__init__

    def prepared(self, *arguments, **settings):
        original(self, *arguments, **settings)

        def evaluated(image, _):
            value, gradient, parts = evaluate(self, np.asarray(image))
            told = Auxiliary([parts.get(term.name, 0.0) for term in self.terms], np.isfinite(gradient).all())
            return Evaluated(value, gradient, told)

        self.function = Function(evaluated, traceable=False)

    monkeypatch.setattr(Objective, "__init__", prepared)


def test_a_transfer_lowers_the_loss_and_keeps_books(photo, painting):
    evaluations, steps = [], []
    result = TINY.transfer(
        photo,
        [painting],
        image_size=20,
        iterations=3,
        progress=lambda count, loss: evaluations.append((count, loss)),
        on_step=steps.append,
    )
    assert result.image.shape == (20, 24, 3)
    assert result.image.dtype == np.uint8
    assert [count for count, _ in evaluations] == list(range(1, 61))
    assert all(later <= earlier for (_, earlier), (_, later) in itertools.pairwise(evaluations))
    assert [step.iteration for step in steps] == [1, 2, 3]
    assert [step.evaluations for step in steps] == [20, 40, 60]
    assert steps[0].improvement is None
    assert steps[1].improvement == pytest.approx((1 - steps[1].loss / steps[0].loss) * 100)
    assert result.loss == steps[-1].loss == pytest.approx(sum(result.losses.values()), rel=1e-5)
    assert result.history[-1]["image_size"] == [20, 24]
    # The picture is the one whose loss is told, up to the rounding of its pixels.
    objective = TINY.objective(photo, [painting], image_size=20)
    first = objective.value_and_grad(np.asarray(Image.fromarray(photo).resize((24, 20), Image.Resampling.BILINEAR)))[0]
    assert evaluations[0][1] == pytest.approx(first, rel=1e-5)
    assert 0.99 * result.loss < objective.value_and_grad(result.image.astype("float32"))[0] < 0.5 * first


def test_with_an_average_it_is_the_picture_of_each_iteration(photo, painting):
    """Its loss, known from the 20th evaluation, may be above that of a single step."""
    losses: list[float] = []
    settings = {"image_size": 16, "iterations": 2, "solver": "adam", "averaging": 0.99}
    result = TINY.transfer(photo, painting, progress=lambda _, loss: losses.append(loss), **settings)
    assert losses[19] > losses[18]
    assert set(losses[19:39]) == {losses[19]}
    assert result.loss == losses[39] < losses[19]


def test_steps_are_the_same_run_as_an_iterator(photo, painting):
    settings = {"image_size": 16, "iterations": 2}
    steps = list(TINY.steps(photo, [painting], **settings))
    result = TINY.transfer(photo, [painting], **settings)
    assert [step.loss for step in steps] == [entry["loss"] for entry in result.history]
    np.testing.assert_array_equal(steps[-1].image, result.image)


def test_inputs_are_checked_before_the_first_step_is_asked_for(photo, painting):
    with pytest.raises(InvalidInputError, match="no style"):
        TINY.steps(photo, [])
    with pytest.raises(InvalidInputError, match="more than fits"):
        TINY.steps(photo, painting, sizes=(16, 10**6))


@pytest.mark.parametrize("solver", ["lbfgs", "scipy_lbfgs", "adam"])
def test_one_seed_one_picture(photo, painting, solver):
    settings = {"image_size": 16, "iterations": 1, "init": "noise", "solver": solver}
    one, again, other = (TINY.transfer(photo, painting, seed=seed, **settings).image for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).mean() > 0.5


@pytest.mark.filterwarnings("ignore:the initial image is")
def test_initial_images(photo, painting, painting_file, monkeypatch):
    starts = {}

    def evaluate(self, image):
        starts.setdefault(current, image.copy())
        return Evaluation(1.0, np.ones_like(image), {"tv": 1.0})

    instead_of_the_loss(monkeypatch, evaluate)
    for current in ("content", "gray", "noise", str(painting_file)):
        TINY.transfer(photo, painting, image_size=40, iterations=1, init=current)
    np.testing.assert_array_equal(starts["content"], photo)
    grey = np.asarray(Image.fromarray(photo).convert("L"))
    np.testing.assert_array_equal(starts["gray"], np.repeat(grey[..., None], 3, axis=2))
    assert starts["noise"].min() < 2
    assert starts["noise"].max() > 253
    assert starts["noise"].mean() == pytest.approx(127.5, abs=3)
    stretched = np.asarray(Image.fromarray(painting).resize((48, 40), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(starts[str(painting_file)], stretched)


@pytest.mark.filterwarnings("ignore:the initial image is")
def test_initial_image_is_never_matched_by_a_part_of_its_name(photo, painting, tmp_path):
    path = tmp_path / "content_noise_gray.png"
    Image.fromarray(painting).save(path)
    result = TINY.transfer(photo, painting, image_size=16, iterations=1, init=path)
    assert result.record["run"]["init"]["image"] == str(path)
    with pytest.raises(InvalidInputError, match='unknown initial image "contents": did you mean "content"'):
        TINY.transfer(photo, painting, init="contents")


def test_a_pyramid_goes_from_coarse_to_fine(photo, painting):
    steps = list(TINY.steps(photo, painting, sizes=(8, 16, 32), iterations=1))
    assert [step.image.shape for step in steps] == [(8, 9, 3), (16, 19, 3), (32, 38, 3)]
    assert [step.iteration for step in steps] == [1, 2, 3]
    assert [step.evaluations for step in steps] == [20, 40, 60]
    # Each level starts from the one before, so it begins near it.
    enlarged = Image.fromarray(steps[1].image).resize((38, 32), Image.Resampling.BICUBIC)
    difference = np.abs(np.asarray(enlarged, "float32") - steps[2].image).mean()
    assert difference < np.abs(np.full((32, 38, 3), 128.0) - steps[2].image).mean()


class Falling:
    """An objective in place of the real one: it falls by the given percentages, iteration after iteration."""

    def __init__(self, percentages):
        self.values, value = [], 100.0
        for percent in percentages:
            self.values += [value * (1 - percent / 100)] * EVALUATIONS_PER_ITERATION
            value = self.values[-1]

    def __call__(self, objective, image):
        value = self.values.pop(0) if self.values else 1e-9
        return Evaluation(value, np.ones_like(image), {"tv": value})


@pytest.mark.parametrize(
    ("min_improvement", "iterations"),
    [(0.0, 5), (0.05, 5), (5.0, 3), (50.0, 2), (11.0, 2)],
)
def test_min_improvement_ends_a_run_from_its_second_iteration_on(
    photo, painting, monkeypatch, min_improvement, iterations
):
    falling = Falling([0, 10, 4, 2, 1])
    instead_of_the_loss(monkeypatch, lambda self, image: falling(self, image))
    result = TINY.transfer(photo, painting, image_size=16, solver="adam", iterations=5, min_improvement=min_improvement)
    assert len(result.history) == iterations
    assert bool(result.stopped) == (iterations < 5)


def scripted(values):
    """An `Objective.evaluate` that returns these values, the last one for ever; an exception is raised instead."""
    values = list(values)

    def evaluate(self, image):
        value = values.pop(0) if len(values) > 1 else values[0]
        if isinstance(value, BaseException) or (isinstance(value, type) and issubclass(value, BaseException)):
            raise value
        return Evaluation(value, np.full_like(image, value), {"content.conv1_2": value, "tv": 0.0})

    return evaluate


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "scipy_lbfgs"])
def test_a_loss_that_becomes_nan_ends_the_run_with_the_best_picture(photo, painting, monkeypatch, solver):
    instead_of_the_loss(monkeypatch, scripted([9.0, 5.0, float("nan")]))
    with pytest.warns(RuntimeWarning, match=r"no longer finite at evaluation 3 \(content.conv1_2\)"):
        result = TINY.transfer(photo, painting, sizes=(16, 32), solver=solver)
    assert result.loss == 5.0
    assert "no longer finite" in result.stopped
    assert result.image.shape == (16, 19, 3)


def test_lbfgs_comes_back_from_what_is_not_finite_and_the_run_goes_on(photo, painting, monkeypatch):
    """The first step has a root mean square of 2; farther than 1.5 from the start there is nothing."""
    values, minimum = [], []

    def evaluate(self, image):
        minimum.append(image + 1)
        outside = np.abs(image - (minimum[0] - 1)).max() > 1.5
        values.append(np.nan if outside else float(((image - minimum[0]) ** 4).sum()))
        return Evaluation(values[-1], 4 * (image - minimum[0]) ** 3, {"tv": values[-1]})

    instead_of_the_loss(monkeypatch, evaluate)
    result = TINY.transfer(photo, painting, image_size=16, iterations=2)  # and without a warning
    assert np.isnan(values[1])
    assert result.loss < 1e-3 * values[0]
    assert "finite" not in result.stopped


def test_a_loss_that_is_nan_from_the_start_is_an_error(photo, painting, monkeypatch):
    instead_of_the_loss(monkeypatch, scripted([float("nan")]))
    with pytest.raises(NeuralStyleError, match=r"the loss was no longer finite at evaluation 1 \(content.conv1_2\)"):
        TINY.transfer(photo, painting, image_size=16)


def test_a_breakdown_at_a_finer_size_keeps_the_picture_of_the_coarser(photo, painting, monkeypatch):
    instead_of_the_loss(monkeypatch, scripted([9.0] * 20 + [float("nan")]))
    with pytest.warns(RuntimeWarning, match="the best picture so far is kept"):
        result = TINY.transfer(photo, painting, sizes=(16, 32), iterations=1, solver="adam")
    assert result.image.shape == (16, 19, 3)
    assert "no longer finite" in result.stopped


def test_an_interrupt_while_progress_is_shown_loses_nothing(photo, painting):
    def interrupt(evaluations, loss):
        seen.append(loss)
        if evaluations == 15:
            raise KeyboardInterrupt

    seen = []
    result = TINY.transfer(photo, painting, image_size=16, progress=interrupt)
    assert (result.stopped, result.loss) == ("interrupted", seen[-1])


def test_a_size_that_is_left_early_does_not_end_the_run(photo, painting):
    steps = list(TINY.steps(photo, painting, sizes=(16, 32), iterations=4, min_improvement=99.9))
    assert [step.image.shape[0] for step in steps] == [16, 16, 32, 32]
    assert [bool(step.stopped) for step in steps] == [False, False, False, True]


def test_numpy_numbers_are_numbers(photo, painting, tmp_path):
    network = dataclasses.replace(TINY, content_weight=np.float32(0.5))
    result = network.transfer(
        photo, Style(painting, weight=np.float32(2)), image_size=np.int64(16), iterations=1, seed=np.int64(3)
    )
    result.save(tmp_path / "out.png")
    assert records.read(tmp_path / "out.png")["run"]["image_size"] == 16


def test_a_rising_loss_is_told_and_the_best_picture_kept(photo, painting, monkeypatch):
    instead_of_the_loss(monkeypatch, scripted([7.0] * 20 + [100.0]))
    with pytest.warns(RuntimeWarning, match="the loss rose from 7 to 100"):
        result = TINY.transfer(photo, painting, image_size=16, iterations=2, solver="adam")
    assert result.loss == 7.0


def test_an_interrupted_run_ends_with_the_best_picture(photo, painting, monkeypatch):
    instead_of_the_loss(monkeypatch, scripted([9.0, 3.0, 4.0, KeyboardInterrupt]))
    result = TINY.transfer(photo, painting, sizes=(16, 32), solver="adam")
    assert (result.loss, result.stopped, len(result.history)) == (3.0, "interrupted", 1)
    instead_of_the_loss(monkeypatch, scripted([KeyboardInterrupt]))
    with pytest.raises(KeyboardInterrupt):
        TINY.transfer(photo, painting, image_size=16)


def test_transparency_of_the_content_is_kept(photo, painting, tmp_path):
    alpha = np.zeros((40, 48), "uint8")
    alpha[10:30, 12:36] = 255
    result = TINY.transfer(np.dstack([photo, alpha]), painting, image_size=40, iterations=1)
    np.testing.assert_array_equal(result.alpha, alpha)
    result.save(tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as written:
        assert written.mode == "RGBA"
    with pytest.raises(InvalidInputError, match="exists"):
        result.save(tmp_path / "out.png")
    result.save(tmp_path / "out.png", overwrite=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"iterations": 0}, "iterations must be a whole number of at least 1, received 0"),
        ({"sizes": (64, 32)}, "sizes must grow from coarse to fine"),
        ({"sizes": 32}, "sizes must be several whole numbers"),
        ({"sizes": (0, 32)}, "each of sizes must be"),
        ({"seed": -1}, "seed must be"),
        ({"solver": "sgd"}, 'unknown solver "sgd"'),
        ({"min_improvement": float("nan")}, "min_improvement must be a finite number"),
        ({"learning_rate": 5}, "learning_rate belongs to solver adam: choose it, or leave learning_rate out"),
        ({"averaging": 0.99}, "averaging belongs to solver adam"),
        ({"betas": (0.9, 0.99), "solver": "scipy_lbfgs"}, "betas belongs to solver adam"),
        ({"betas": (0.9,), "solver": "adam"}, "betas must be two numbers such as"),
        ({"averaging": 1, "solver": "adam"}, "averaging must be a number such as 0.99, at least 0 and below 1"),
        ({"learning_rate": 0, "solver": "adam"}, "learning_rate must be above 0"),
    ],
)
def test_impossible_runs_are_refused(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        Run(**settings)


def test_rounding_to_grey_levels():
    np.testing.assert_array_equal(
        to_uint8(np.array([[[-3.0, 0.4, 0.6], [254.6, 300.0, 0.5]]])), [[[0, 0, 1], [255, 255, 0]]]
    )


def test_settings_cannot_be_changed_by_accident(painting):
    with pytest.raises(dataclasses.FrozenInstanceError):
        TINY.model = "vgg16"
    with pytest.raises(dataclasses.FrozenInstanceError):
        Style(painting).weight = 2


@pytest.mark.parametrize("solver", ["lbfgs", "scipy_lbfgs"])
def test_the_memory_is_the_solvers(photo, painting, solver):
    one, ten, default = (
        TINY.transfer(photo, painting, image_size=16, iterations=1, solver=solver, **memory)
        for memory in ({"memory": 1}, {"memory": 10}, {})
    )
    assert one.loss != ten.loss == default.loss
    assert one.record["run"]["memory"] == 1


@pytest.mark.parametrize("init", ["content", "noise"])
def test_grey_stays_grey(photo, painting, init):
    grey = [np.repeat(each[..., 1:2], 3, axis=2) for each in (photo, painting)]
    settings = {"image_size": 16, "iterations": 1, "init": init}
    assert np.ptp(TINY.transfer(*grey, **settings).image, axis=2).max() == 0
    assert np.ptp(TINY.transfer(*grey, **settings, keep_grey=False).image, axis=2).max() > 9
    assert np.ptp(TINY.transfer(grey[0], painting, **settings).image, axis=2).max() > 9
