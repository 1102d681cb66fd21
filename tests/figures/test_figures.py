"""The engine of figures: what is made, what is kept, what is told."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError, Network, NeuralStyleError, figures
from neural_style.backend import PROGRAMS
from neural_style.errors import OutOfMemoryError
from neural_style.features import vgg, weights
from neural_style.figures.builder import PanelBuilder
from neural_style.figures.page import metrics_text
from neural_style.figures.panels import InputPanel, Measurement, StyleInput, TransferPanel, TransformPanel, within
from neural_style.figures.recipe import Cell, Chart, Figure, Recipe
from neural_style.figures.setup import NORMALISED, SCALES, Setup
from neural_style.runs.settings import Run

TINY = {"scale": "draft", "model": "mini", "weights": "random", "image_size": 32, "iterations": 1}
PHOTO, PAINTING = InputPanel("photo"), InputPanel("painting")
STYLE_LAYERS = ("conv1_1", "conv2_1")


def technique(ratio, **settings):
    return Network(
        model="mini",
        weights="random",
        content_layer="conv2_1",
        style_layers=STYLE_LAYERS,
        normalization="gatys2016",
        content_weight=ratio,
        **settings,
    )


def painted(ratio=1e-3, **settings):
    return TransferPanel(technique(ratio, **settings), PHOTO, (StyleInput(PAINTING),), Run(image_size=32, iterations=1))


def row(setup):
    """Two pictures that differ in their weights, a part of one, and a chart."""
    one, two = painted(1e-3), painted(1.0)
    part = TransformPanel("cropped", (two,), (("box", (0.0, 0.0, 0.5, 0.5)),))
    curve = Measurement("loss_by_evaluations", (one,))
    return Figure(
        title="Two pictures",
        rows=((Cell(one, "one", inset=PAINTING), Cell(two, "two")), (Cell(part), Chart((("one", curve),)))),
        caption="What is seen.",
        inputs=(Cell(PHOTO, "photo"),),
        row_labels=("above", "below"),
        column_labels=("left", "right"),
        departures=("the colours",),
    )


@pytest.fixture
def recipe(monkeypatch):
    made = Recipe("a test", "Nobody 2026, figure 1", {"photo": "cat", "painting": "night"}, row)
    monkeypatch.setitem(figures.RECIPES, "test-1", made)
    return made


@pytest.fixture
def make(recipe, tmp_path, photo, painting):
    def run(output="out.png", **settings):
        given = {"inputs": {"photo": photo, "painting": painting}, "panels": tmp_path / "panels", **TINY}
        return figures.make("test-1", tmp_path / output, **{**given, **settings})

    return run


def told(path):
    return json.loads(path.read_text())


def test_a_figure_is_a_picture_with_everything_beside_it(make, tmp_path):
    make()
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.width > 800
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.std() > 20
    found = told(tmp_path / "out.json")
    assert len(found["panels"]) == len(found["made"]) == 2
    for panel in found["panels"].values():
        assert panel["settings"]["content_layer"] == "conv2_1"
        assert panel["run"]["iterations"] == 1
        assert len(panel["curve"]) == 20
        assert panel["seconds"] > 0
        assert {"ssim", "tv", "clipped", "gram.0.conv1_1", "swd.0.conv1_1"} <= panel["metrics"].keys()
    assert found["charts"][0]["curves"]["one"]["y"][0] == 1
    assert "The colours." in found["caption"]


def test_a_pdf_can_be_had_too(make, tmp_path):
    make("out.pdf")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")


def test_an_interrupted_figure_recomputes_no_finished_panel(make, tmp_path):
    """Ctrl-C in the second panel; the next call makes that one alone."""
    seen = []

    def interrupt(key, evaluations, loss):
        if key not in seen:
            seen.append(key)
        if len(seen) == 2 and evaluations == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(progress=interrupt)
    assert len(seen) == 2
    assert not (tmp_path / "out.png").exists()
    taken_up = []
    make(progress=lambda key, *_: taken_up.append(key))
    assert set(taken_up) == {seen[1]}
    assert told(tmp_path / "out.json")["made"] == [seen[1]]
    again = []
    make(overwrite=True, progress=lambda key, *_: again.append(key))
    assert again == []


def test_what_was_half_written_is_made_again(make, tmp_path):
    """A panel counts as finished when its .json is there, which is written last."""
    make()
    key = told(tmp_path / "out.json")["made"][0]
    (tmp_path / "panels" / f"{key}.json").unlink()
    make(overwrite=True)
    assert told(tmp_path / "out.json")["made"] == [key]


def test_panels_of_other_settings_or_inputs_are_others(photo, painting, tmp_path):
    setup = Setup("mini", "random", vgg.architecture("mini").layers, SCALES["draft"])
    builder = PanelBuilder(setup, {"photo": photo, "painting": painting}, tmp_path)
    one = painted()
    others = [
        painted(2e-3),
        painted(pooling="ave"),
        replace(one, run=replace(one.run, seed=1)),
        replace(one, styles=(StyleInput(PAINTING, weight=2),)),
        replace(one, styles=(StyleInput(PAINTING, mask=PHOTO),)),
        replace(one, init=PAINTING),
        replace(one, content=TransformPanel("luminance", (PHOTO,))),
    ]
    keys = [builder.key(panel) for panel in (one, *others)]
    assert len(set(keys)) == len(keys)
    same = PanelBuilder(setup, {"photo": photo.copy(), "painting": painting}, tmp_path / "elsewhere")
    assert same.key(painted()) == keys[0]
    changed = PanelBuilder(setup, {"photo": photo[::-1].copy(), "painting": painting}, tmp_path)
    assert changed.key(one) != keys[0]
    other_weights = PanelBuilder(replace(setup, weights="random:1"), {"photo": photo, "painting": painting}, tmp_path)
    assert other_weights.key(one) != keys[0]


def test_pictures_that_differ_in_weights_share_their_programs(make):
    PROGRAMS.clear()
    make()
    assert len(PROGRAMS) == 1  # that of the solver


def test_each_panel_comes_after_what_it_depends_on():
    first = painted()
    second = TransferPanel(technique(1), TransformPanel("luminance", (first,)), (StyleInput(first),))
    order = list(within(second, first))
    assert [order.index(panel) for panel in (PHOTO, first, second)] == sorted(
        order.index(panel) for panel in (PHOTO, first, second)
    )
    assert len(order) == len(set(order))


def test_the_normalised_network_stands_in_by_a_file(photo, painting, tmp_path):
    setup = Setup("mini", "random", vgg.architecture("mini").layers, SCALES["draft"])
    builder = PanelBuilder(setup, {"photo": photo, "painting": painting}, tmp_path)
    path = builder.judge.weights_of(NORMALISED, "ave")
    found = weights.load(vgg.architecture("mini"), path, ("conv1_1",))
    plain = weights.load(vgg.architecture("mini"), "random", ("conv1_1",))
    assert not np.allclose(found["block1_conv1_kernel"], plain["block1_conv1_kernel"])
    assert builder.judge.weights_of("random", "ave") == "random"
    assert builder.judge.weights_of(NORMALISED, "max") != path


class TestStudy:
    """What is not as in the paper is known."""

    def setup(self, model="mini", layers=None, scale="draft"):
        return Setup(model, "x.npz", layers or vgg.architecture(model).layers, SCALES[scale])

    def test_layers_that_a_network_lacks_are_replaced(self):
        setup = self.setup()
        assert setup.layer("conv2_2") == "conv2_2"
        assert setup.layer("conv4_2") == "conv3_3"
        assert setup.layer("conv5_1") == "conv3_4"
        assert setup.style_layers("conv1_1", "conv4_1", "conv5_1") == ("conv1_1", "conv3_3", "conv3_4")
        assert setup.differences == {
            "conv4_2": "conv3_3 instead of conv4_2",
            "conv4_1": "conv3_3 instead of conv4_1",
            "conv5_1": "conv3_4 instead of conv5_1",
        }

    def test_the_papers_own_settings_are_no_difference(self):
        setup = self.setup("vgg19", scale="paper")
        setup.network()
        run = setup.run(rows=512, evaluations=2000)
        assert (run.image_size, run.iterations) == (512, 100)
        assert setup.layer("conv5_1") == "conv5_1"
        assert setup.differences == {}

    def test_a_smaller_scale_is_told(self):
        setup = self.setup()
        run = setup.run(rows=512, evaluations=2000)
        assert (run.image_size, run.iterations) == (128, 8)
        setup.network()
        told = setup.told(["photo", "painting"], ["photo"])
        for part in (
            "128 rows instead of 512",
            "160 evaluations instead of 2000",
            "mini instead of vgg19",
            "samples instead of its painting",
        ):
            assert part in told
        assert "photo," not in told

    def test_what_the_paper_does_not_tell_is_no_difference(self):
        setup = self.setup(scale="paper")
        setup.run(rows=512)
        assert not any("evaluations" in text for text in setup.differences.values())


@pytest.mark.parametrize("network", [("mini", None), ("vgg19", None), ("vgg19", 8)])
@pytest.mark.parametrize("name", figures.RECIPES)
def test_every_recipe_can_be_built_for_every_network(name, network):
    model, count = network
    layers = vgg.architecture(model).layers[:count]
    for scale in SCALES.values():
        figure = figures.RECIPES[name].build(Setup(model, "x.npz", layers, scale))
        given = {panel.name for panel in within(*figure.panels()) if isinstance(panel, InputPanel)}
        assert given == set(figures.RECIPES[name].inputs)
        assert figures.cost(figure).seconds >= 0
        assert not figure.row_labels or len(figure.row_labels) == len(figure.rows)


def test_metrics_are_three_short_lines():
    found = metrics_text(
        {"content.conv3_3": 0.1234, "ssim": 0.5, "gram.0.conv1_1": 0.012, "gram.0.conv2_1": 1.5, "swd.0.conv1_1": 0.1,
         "swd.0.conv2_1": 0.0001, "tv": 12.34, "clipped": 0.05}
    )  # fmt: skip
    assert found == "content 0.12  SSIM 0.50  TV 12.3  clipped 5%\nGram .012 1.5\nSWD .1 0.0001"


class TestBadInput:
    """One line, before any work."""

    @pytest.fixture(autouse=True)
    def _nothing_is_done(self, idle):
        pass

    def test_an_unknown_figure(self, command):
        command("figure", "gatys2015-11").assert_refused("gatys2015-1")

    def test_no_figure_at_all(self, command):
        command("figure").assert_refused("--list")

    def test_an_unknown_picture(self, command, recipe, tmp_path):
        ran = command("figure", "test-1", "--draft", "--input", "foto=x.png", "--output", tmp_path / "a.png")
        ran.assert_refused("foto", 'did you mean "photo"')

    def test_a_picture_that_is_not_there(self, command, recipe, tmp_path):
        ran = command("figure", "test-1", "--draft", "--input", "photo=x.png", "--output", tmp_path / "a.png")
        ran.assert_refused("x.png")

    def test_an_input_without_a_name(self, command, recipe):
        command("figure", "test-1", "--input", "x.png").assert_refused("photo=lake.jpg")

    def test_an_output_of_an_unknown_kind(self, command, recipe, tmp_path):
        command("figure", "test-1", "--draft", "--output", tmp_path / "a.jpg").assert_refused(".png")

    def test_a_figure_that_is_there_already(self, command, recipe, tmp_path):
        (tmp_path / "a.json").write_text("mine")
        command("figure", "test-1", "--draft", "--output", tmp_path / "a.png").assert_refused("a.json", "--overwrite")
        assert (tmp_path / "a.json").read_text() == "mine"

    def test_weights_that_are_not_there(self, command, recipe, tmp_path):
        ran = command("figure", "test-1", "--weights", tmp_path / "no.npz", "--output", tmp_path / "a.png")
        ran.assert_refused("no.npz")

    def test_sizes_that_cannot_be(self, recipe):
        for wrong in ({"image_size": 8}, {"iterations": 0}, {"scale": "large"}, {"seed": -1}):
            with pytest.raises(InvalidInputError):
                figures.planned("test-1", **wrong)


def test_the_command_makes_a_figure(command, recipe, tmp_path, photo_file, painting_file, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = command(
        *("figure", "test-1", "--draft", "--weights", "random", "--image_size", "32", "--num_iter", "1"),
        *("--input", f"photo={photo_file}", f"painting={painting_file}"),
    )
    assert ran.status == 0, ran.err
    assert "wrote test-1.png, test-1.json; panels are kept in panels" in ran.out
    assert (tmp_path / "test-1.png").is_file()


def test_the_list_has_every_figure_with_its_cost(command):
    for scale in ("--draft", "--paper"):
        ran = command("figure", "--list", scale)
        for name, recipe in figures.RECIPES.items():
            assert name in ran.out
            assert recipe.source in ran.out
    assert "min" in ran.out or " h" in ran.out


@pytest.fixture(scope="module")
def panels(tmp_path_factory):
    return tmp_path_factory.mktemp("panels")


@pytest.mark.parametrize("name", figures.RECIPES)
def test_every_figure_is_made_by_its_command(name, command, tmp_path, panels):
    """With samples, tiny: the command of the documentation but for the size. Figures share their panels."""
    output = tmp_path / f"{name}.png"
    ran = command(
        *("figure", name, "--draft", "--weights", "random", "--image_size", "32", "--num_iter", "1"),
        *("--output", output, "--panels", panels, "--quiet"),
    )
    assert ran.status == 0, ran.err
    found = told(output.with_suffix(".json"))
    assert found["caption"].count("Other than in the original") == 1
    assert "32 rows" in found["caption"]
    assert all(panel["seconds"] > 0 and panel["metrics"] for panel in found["panels"].values())


class TestNothingIsLost:
    """What a review found: pictures of the user's, and panels that are no panels."""

    def test_an_input_is_never_replaced(self, command, recipe, photo_file):
        before = photo_file.read_bytes()
        ran = command(
            "figure", "test-1", "--draft", "--input", f"photo={photo_file}", "--output", photo_file, "--overwrite"
        )
        ran.assert_refused("would replace its own picture")
        assert photo_file.read_bytes() == before

    def test_a_file_with_the_name_of_a_sample_is_the_users(self, make, tmp_path, monkeypatch, painting_file):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "cat").write_bytes(painting_file.read_bytes())
        builder = make_workshop(tmp_path, {"photo": "cat", "painting": str(painting_file)})
        np.testing.assert_array_equal(builder.picture(PHOTO), builder.picture(PAINTING))

    @pytest.mark.parametrize("damage", ["{", "{}", None])
    def test_a_damaged_panel_is_made_again(self, make, tmp_path, damage):
        make()
        key = told(tmp_path / "out.json")["made"][0]
        if damage is None:
            (tmp_path / "panels" / f"{key}.png").write_bytes(b"no picture")
        else:
            (tmp_path / "panels" / f"{key}.json").write_text(damage)
        make(overwrite=True)
        assert told(tmp_path / "out.json")["made"] == [key]

    def test_a_run_that_does_not_come_to_its_last_size_is_no_panel(self, tmp_path, photo, painting, monkeypatch):
        builder = make_workshop(tmp_path, {"photo": photo, "painting": painting})
        panel = replace(painted(), run=Run(sizes=(32, 48), iterations=1))
        whole = Network.objective_at

        def short_of_memory(self, content, styles):
            at = whole(self, content, styles)

            def fails(size, tile=None):
                if size[0] == 48:
                    raise OutOfMemoryError("the memory is exhausted")
                return at(size, tile)

            return fails

        monkeypatch.setattr(Network, "objective_at", short_of_memory)
        with pytest.warns(RuntimeWarning, match="exhausted"), pytest.raises(NeuralStyleError, match="exhausted"):
            builder.make([panel])
        monkeypatch.undo()
        builder.make([panel])
        assert builder.picture(panel).shape[0] == 48

    def test_ctrl_c_says_how_to_go_on(self, command, recipe, tmp_path, monkeypatch):
        def interrupted(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(figures, "make", interrupted)
        ran = command("figure", "test-1", "--draft", "--output", tmp_path / "a.png", "--panels", tmp_path / "kept")
        assert ran.status == 130
        assert f"kept in {tmp_path / 'kept'}, and the same command goes on" in ran.err


def make_workshop(folder, inputs):
    setup = Setup("mini", "random", vgg.architecture("mini").layers, SCALES["draft"])
    return PanelBuilder(setup, inputs, folder / "panels")


def test_regions_are_counted_on_the_map():
    from neural_style.figures.builder import _colours_in
    from neural_style.samples import sample

    assert _colours_in(sample("night_map")) == 4
    assert _colours_in(np.zeros((8, 8, 3), np.uint8)) == 1
