"""Novak & Nikulin 2016, Improving the Neural Algorithm of Artistic Style, arXiv:1605.04603.

The paper states the changes themselves, VGG-19, a baseline with the content at conv4_2, and that runs start from the
content. It does not state the weights of content and style, the number of evaluations, and the normalisation of each
term: those here are ours. The variant `titu1994`, that of the reference scripts, stands beside the paper's.
"""

from __future__ import annotations

from typing import Any

from neural_style.features.vgg import block_of
from neural_style.figures.panels import InputPanel, Measurement, StyleInput, TransferPanel
from neural_style.figures.papers import gatys2015, titu1994
from neural_style.figures.recipe import Cell, Chart, Figure, Recipe, Slot
from neural_style.figures.setup import Setup
from neural_style.inetwork import INetwork

PHOTO, PAINTING, SECOND = InputPanel("photo"), InputPanel("painting"), InputPanel("second_painting")

ROWS = 512

ABLATION_SHARE = 0.6
"""Fraction of a scale's iterations: at 128 rows losses after 100 evaluations are within a tenth of those after 160."""

STEPS: dict[str, dict[str, Any]] = {
    "classic": {"geometric_weights": False, "all_layers": False, "activation_shift": 0.0, "chain": False},
    "+ geometric weights": {"geometric_weights": True},
    "+ all layers": {"all_layers": True},
    "+ activation shift": {"activation_shift": -1.0},
    "+ chain": {"chain": True},
}
"""Changes of each column of the ablation, on top of those before it (sections 3.1, 3.2, 3.3 and 3.5)."""

VARIATION_WEIGHT = 1e-6
"""Weight of total variation, a mean of differences beside relative errors. It removes the grain that poolings leave."""

OURS = (
    "weights, a weak total variation term, average pooling and the number of evaluations are ours, because the paper "
    "does not state them"
)


def improved(setup: Setup, *, variant: str = "novak2016", **switches: Any) -> INetwork:
    """One of the two variants, with all of the paper's changes; `switches` are further fields of `INetwork`.

    Both have average pooling, like the classic algorithm, so that they differ in the compared settings only.
    """
    switches = {**_steps_up_to("+ chain"), "pooling": "ave", **switches}
    has_all = switches["all_layers"]
    if variant == "titu1994":
        layers: dict[str, Any] = {"style_layers": _layers_of_chain(setup, switches)} if has_all else {}
        return titu1994.reference(setup, INetwork, paper="vgg19", rows=ROWS, variant=variant, **layers, **switches)
    return INetwork(
        **{**setup.network(), **switches},
        variant=variant,
        content_layer=None if has_all else setup.layer(gatys2015.CONTENT_LAYER),
        style_layers=setup.all_layers() if has_all else setup.style_layers(*gatys2015.STYLE_LAYERS),
        total_variation_weight=VARIATION_WEIGHT,
    )


def _layers_of_chain(setup: Setup, switches: dict[str, Any]) -> tuple[str, ...]:
    """All layers; up to conv3_2 for a chain in a network that ends at the third block.

    Activations and Gram errors grow up to the end of that block. A chain over all of it, which weighs the deepest layer
    by -1, is negative at the photo itself and has no minimum to show.
    """
    layers = setup.all_layers()
    if not switches["chain"] or block_of(layers[-1]) > 3:
        return layers
    setup.differences["chain"] = (
        "titu1994's chain ends at conv3_2, because it is negative at the start with deeper layers"
    )
    return tuple(layer for layer in layers if layer <= "conv3_2")


def row(setup: Setup) -> Figure:
    """Figure 1: content, style, the classic algorithm, and the improved one in both variants."""
    run = setup.run(rows=ROWS)

    def cell(technique: Any, title: str) -> Cell:
        return Cell(TransferPanel(technique, PHOTO, (StyleInput(PAINTING),), run, may_break=True), title)

    reference = cell(improved(setup, variant="titu1994"), "INetwork, titu1994")
    return Figure(
        title="The classic and the improved algorithm",
        rows=(
            (
                Cell(PHOTO, "content"),
                Cell(PAINTING, "style"),
                cell(gatys2015.author_network(setup, ratio=1e-3, rows=ROWS), "Gatys et al. (Network)"),
                cell(improved(setup), "INetwork, novak2016"),
                reference,
            ),
        ),
        caption="INetwork novak2016 follows the paper: geometric weights, all layers, activations shifted by -1, and "
        "correlations between neighbouring layers. The reference's chain consists of differences of layers' losses, "
        "S_i - S_(i+1), which weigh the deepest layer by -1. All start from the content.",
        departures=(
            "Li & Wand's method, which is not in this library, is left out",
            "correlations are not blurred",
            OURS,
        ),
        findings=(_early_stops({"INetwork, titu1994": reference}),),
    )


def ablation(setup: Setup) -> Figure:
    """The paper's changes, added one by one, in both variants."""
    run = setup.run(rows=ROWS, share=ABLATION_SHARE)

    def cell(variant: str, painting: InputPanel, step: str) -> Cell:
        technique = improved(setup, variant=variant, **_steps_up_to(step))
        return Cell(TransferPanel(technique, PHOTO, (StyleInput(painting),), run, may_break=True), inset=painting)

    places = [(variant, painting) for painting in (PAINTING, SECOND) for variant in ("novak2016", "titu1994")]
    rows = tuple(tuple(cell(*place, step) for step in STEPS) for place in places)
    return Figure(
        title="The improvements, added one by one",
        rows=rows,
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting"), Cell(SECOND, "second painting")),
        row_labels=tuple(variant for variant, _ in places),
        column_labels=tuple(STEPS),
        caption="Each column adds a change to the one before. In novak2016 geometric weights favour shallow layers for "
        "the style and deep layers for the content, all layers also preserve the content, and the chain consists of "
        "correlations between neighbouring layers. In titu1994 geometric weights favour deep layers for the style, and "
        "the chain weighs the deepest by -1. All start from the content.",
        departures=("the choice of columns is ours", OURS),
        findings=(
            _early_stops(
                {
                    f"titu1994 on {style}, {step}": cell
                    for style, of_style in zip(("the painting", "the second painting"), rows[1::2], strict=True)
                    for step, cell in zip(STEPS, of_style, strict=True)
                }
            ),
        ),
    )


def convergence(setup: Setup) -> Figure:
    """Convergence with and without the activation shift (section 3.3), on plain and normalised weights."""
    run = setup.run(rows=ROWS)
    networks = {"the network as it is": setup.network(), "the normalised network": setup.normalised_network()}
    rows: list[tuple[Slot, ...]] = []
    findings = []
    for name, network in networks.items():
        panels = {
            f"shift {shift:g}": TransferPanel(
                improved(setup, geometric_weights=False, chain=False, activation_shift=shift, **network),
                PHOTO,
                (StyleInput(PAINTING),),
                run,
                traced=True,
            )
            for shift in (0.0, -1.0)
        }
        charts = []
        for function, measure in (
            ("loss_by_evaluations", "loss / first loss"),
            ("gram_by_evaluations", "plain Gram error"),
        ):
            curves = tuple((label, Measurement(function, (panel,))) for label, panel in panels.items())
            charts.append(Chart(curves, f"{measure}, {name}", x="evaluations", y=measure, logarithmic=True))
        findings.append(Measurement("shift_comparison", tuple(panels.values()), (("name", name),)))
        pictures = [Cell(panel, f"{label}, {name}") for label, panel in panels.items()]
        rows.append((*charts, *pictures))
    return Figure(
        title="Convergence with and without the activation shift",
        rows=tuple(rows),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption="Losses with and without the shift belong to two objectives, so both runs are also compared by one "
        "measure: the relative Gram error of unshifted activations, averaged over layers, after every iteration. All "
        "layers have equal weights, without a chain; average pooling; all start from the content.",
        departures=(OURS,),
        findings=tuple(findings),
    )


def sparsity(setup: Setup) -> Figure:
    """Sparsity of Gram matrices with and without the activation shift (section 3.3)."""
    rows_of_picture = setup.rows(ROWS)
    setup.note_network()
    _, layers = setup.metric_layers
    layer = layers[min(2, len(layers) - 1)]
    rows, findings = [], []
    for name, is_normalised in (("the network as it is", False), ("the normalised network", True)):
        common = (("normalised", is_normalised), ("rows", rows_of_picture))

        def measured(
            function: str, *settings: tuple[str, Any], common: tuple[tuple[str, Any], ...] = common
        ) -> Measurement:
            return Measurement(function, (PAINTING,), (*common, *settings))

        findings.append(measured("sparsity_comparison", ("name", name)))
        shifts = (0.0, -1.0)
        bars = tuple((f"shift {shift:g}", measured("gram_sparsity", ("shift", shift))) for shift in shifts)
        matrices = (
            Chart(
                (("", measured("gram_matrix", ("shift", shift), ("layer", layer), ("filters", 64))),),
                f"{layer}, shift {shift:g}",
                x="filter",
                y="filter",
                kind="matrix",
            )
            for shift in shifts
        )
        rows.append((Chart(bars, f"near-zero entries, {name}", x="", y="fraction", kind="bar"), *matrices))
    return Figure(
        title="Sparsity of Gram matrices",
        rows=tuple(rows),
        inputs=(Cell(PAINTING, "painting"),),
        caption="Left: fraction of entries smaller than a hundredth of the matrix's root mean square, by layer. Right: "
        f"entries among the first 64 filters of {layer}; white entries are as small as that, darker ones larger, on a "
        "logarithmic scale.",
        findings=tuple(findings),
    )


def _steps_up_to(last: str) -> dict[str, Any]:
    """The switches of all columns up to `last`."""
    found: dict[str, Any] = {}
    for name, changes in STEPS.items():
        found |= changes
        if name == last:
            break
    return found


def _early_stops(cells: dict[str, Cell]) -> Measurement:
    """Runs that stopped early, as an objective without a lower bound may."""
    return Measurement("early_stops", tuple(cell.picture for cell in cells.values()), (("names", tuple(cells)),))


SOURCE = "Novak & Nikulin 2016, arXiv:1605.04603"
PAIR = {"photo": "cat", "painting": "night"}

FIGURES = {
    "novak2016-1": Recipe(
        "the improved algorithm, as in the paper and as in the reference", f"{SOURCE}, figure 1", PAIR, row
    ),
    "novak2016-ablation": Recipe(
        "the improvements, added one by one",
        f"{SOURCE}, 3.1 to 3.5",
        {**PAIR, "second_painting": "harvest"},
        ablation,
    ),
    "novak2016-convergence": Recipe(
        "loss and Gram error with and without the activation shift", f"{SOURCE}, section 3.3", PAIR, convergence
    ),
    "novak2016-sparsity": Recipe(
        "sparsity of Gram matrices with and without the shift",
        f"{SOURCE}, section 3.3",
        {"painting": "night"},
        sparsity,
    ),
}
