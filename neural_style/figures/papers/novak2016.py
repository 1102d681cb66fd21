"""Novak & Nikulin 2016, Improving the Neural Algorithm of Artistic Style, arXiv:1605.04603.

The paper states the changes themselves, VGG-19, a baseline with the content at conv4_2, and that runs start from the
content. It does not state the weights of content and style, the number of evaluations, and the normalisation of each
term: those here are ours. The variant `titu1994`, that of the reference scripts, stands beside the paper's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from neural_style.features.vgg import block_of
from neural_style.figures.balance import TOLERANCE
from neural_style.figures.claims import claim
from neural_style.figures.convergence import LEVELS
from neural_style.figures.panels import InputPanel, Measurement, StyleInput, TransferPanel
from neural_style.figures.papers import gatys2015, li2016, titu1994
from neural_style.figures.recipe import Cell, Chart, Figure, Recipe, Slot
from neural_style.figures.setup import SIDE_MULTIPLE, Setup
from neural_style.inetwork import INetwork
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION

PHOTO, PAINTING, SECOND = InputPanel("photo"), InputPanel("painting"), InputPanel("second_painting")

ROWS = 512

ABLATION_SHARE = 0.5
"""Fraction of a scale's iterations, because each picture is the last of about three runs."""

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


EQUAL = (
    "Content weights are chosen so that all pictures have the content error of the first: what differs is the style."
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
    """Figure 1: content, style, the classic algorithm, patches, and the improved algorithm in both variants."""
    run = setup.run(rows=ROWS)

    classic = TransferPanel(gatys2015.author_network(setup, ratio=1e-3, rows=ROWS), PHOTO, (StyleInput(PAINTING),), run)
    paper = replace(classic, technique=improved(setup), content_like=classic)
    matched = replace(paper, technique=li2016.patch_network(setup))
    reference = replace(paper, technique=improved(setup, variant="titu1994"), may_break=True)
    return Figure(
        title="The classic and the improved algorithm",
        rows=(
            (
                Cell(PHOTO, "content"),
                Cell(PAINTING, "style"),
                Cell(classic, "Gatys et al. (Network)"),
                Cell(matched, "Li & Wand (patches)"),
                Cell(paper, "INetwork, novak2016"),
                Cell(reference, "INetwork, titu1994"),
            ),
        ),
        caption="INetwork novak2016 follows the paper: geometric weights, all layers, activations shifted by -1, and "
        "correlations between neighbouring layers. The reference's chain consists of differences of layers' losses, "
        f"S_i - S_(i+1), which weigh the deepest layer by -1. All start from the content. {EQUAL}",
        departures=(
            "correlations are not blurred",
            OURS,
        ),
        findings=(_early_stops({"INetwork, titu1994": reference}),),
        claims=(
            _equal_content(classic, matched, paper),
            claim("content error of titu1994", "content_error", "above", reference),
            claim("Gram errors of all four", "gram_error", "above", classic, matched, paper, reference),
        ),
    )


def ablation(setup: Setup) -> Figure:
    """The paper's changes, added one by one, in both variants."""
    run = setup.run(rows=ROWS, share=ABLATION_SHARE)

    def panel(variant: str, step: str, like: TransferPanel | None) -> TransferPanel:
        technique, breaks = improved(setup, variant=variant, **_steps_up_to(step)), variant == "titu1994"
        return TransferPanel(technique, PHOTO, (StyleInput(PAINTING),), run, content_like=like, may_break=breaks)

    first = panel("novak2016", next(iter(STEPS)), None)
    variants = ("novak2016", "titu1994")
    panels = [[panel(variant, step, first) for step in STEPS] for variant in variants]
    panels[0][0] = first
    bounded = [each for row in panels for each in row if each is not panels[-1][-1]]
    return Figure(
        title="The improvements, added one by one",
        rows=tuple(tuple(map(Cell, row)) for row in panels),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        row_labels=variants,
        column_labels=tuple(STEPS),
        caption="Each column adds a change to the one before. In novak2016 geometric weights favour shallow layers for "
        "the style and deep layers for the content, all layers also preserve the content, and the chain consists of "
        "correlations between neighbouring layers. In titu1994 geometric weights favour deep layers for the style, and "
        f"the chain weighs the deepest by -1. All start from the content. {EQUAL}",
        departures=("the choice of columns is ours", OURS),
        findings=(_early_stops({f"titu1994, {step}": each for step, each in zip(STEPS, panels[-1], strict=True)}),),
        claims=(_equal_content(*bounded),),
    )


def convergence(setup: Setup) -> Figure:
    """Convergence with and without the activation shift (section 3.3), on plain and normalised weights."""
    setup.note_network()
    rows = setup.rows(ROWS)
    if setup.scale.rows is not None:  # there are sixteen runs, and each evaluation is judged
        rows = max(SIDE_MULTIPLE, rows // 2 // SIDE_MULTIPLE * SIDE_MULTIPLE)
        setup.differences["rows"] = f"{rows} rows instead of {ROWS}"
    evaluations = EVALUATIONS_PER_ITERATION * setup.iterations()
    setup.all_layers()
    charts: list[tuple[Slot, ...]] = []
    findings = []
    for network, is_normalised in (("the network as it is", False), ("the normalised network", True)):
        row = []
        for solver in ("lbfgs", "scipy_lbfgs"):
            common = {"solver": solver, "normalised": is_normalised, "rows": rows, "evaluations": evaluations}
            runs = tuple(common.items())
            for painting, title in ((PAINTING, "painting"), (SECOND, "second painting")):
                curves = tuple(
                    (
                        f"shift {shift:g}",
                        Measurement("style_error_by_evaluations", (PHOTO, painting), (("shift", shift), *runs)),
                    )
                    for shift in (0.0, -1.0)
                )
                row.append(Chart(curves, f"{solver}, {title}", x="evaluations", y="style error", logarithmic=True))
            settings = (("name", f"{solver} on {network}"), ("runs", runs))
            findings.append(Measurement("shift_ratios", (PHOTO, PAINTING, SECOND), settings))
        charts.append(tuple(row))
    return Figure(
        title="Convergence with and without the activation shift",
        rows=tuple(charts),
        row_labels=("the network as it is", "the normalised network"),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting"), Cell(SECOND, "second painting")),
        caption="Runs that minimise nothing but the style, from the photo, at all layers with equal weights, and with "
        "average pooling; at every evaluation, the lowest error so far of Gram matrices of unshifted activations, in "
        "the optimised network itself, over the first. The paper states that the shift speeds up convergence: then the "
        "shifted run needs fewer evaluations to an equal error. Its number over that of the other, to "
        f"{', '.join(f'{100 * level:g}' for level in LEVELS)} % of the first error, follows, as median and range over "
        "both paintings; where they are about 1, the effect is not seen.",
        departures=("the measure, the solvers (SciPy's in float64) and the number of evaluations are ours",),
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
        "logarithmic scale. A shift of -1 is small beside the activations of the network as it is, and removes no "
        "near-zero entries there. In the normalised network, where the mean activation of every filter is 1, it fills "
        "the rows of filters that are nearly silent.",
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


def _equal_content(*panels: TransferPanel) -> Measurement:
    """The claim that pictures keep equally much of the photo; the search ends within `TOLERANCE` of the first."""
    bound = (1 + TOLERANCE) ** 2 - 1
    return claim("content errors, equal", "content_error", "equal", *panels, bound=bound)


def _early_stops(panels: dict[str, TransferPanel]) -> Measurement:
    """Runs that stopped early, as an objective without a lower bound may."""
    return Measurement("early_stops", tuple(panels.values()), (("names", tuple(panels)),))


SOURCE = "Novak & Nikulin 2016, arXiv:1605.04603"
PAIR = {"photo": "cat", "painting": "night"}

FIGURES = {
    "novak2016-1": Recipe(
        "the improved algorithm, as in the paper and as in the reference", f"{SOURCE}, figure 1", PAIR, row
    ),
    "novak2016-ablation": Recipe(
        "the improvements, added one by one",
        f"{SOURCE}, 3.1 to 3.5",
        PAIR,
        ablation,
    ),
    "novak2016-convergence": Recipe(
        "style error by evaluations, with and without the activation shift",
        f"{SOURCE}, section 3.3",
        {**PAIR, "second_painting": "harvest"},
        convergence,
    ),
    "novak2016-sparsity": Recipe(
        "sparsity of Gram matrices with and without the shift",
        f"{SOURCE}, section 3.3",
        {"painting": "night"},
        sparsity,
    ),
}
