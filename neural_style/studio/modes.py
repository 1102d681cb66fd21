"""The modes of the studio as data: what each makes, of which pictures, by which settings, with presets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from neural_style import doodle, inetwork, network, reconstruction
from neural_style.color_transfer import METHODS
from neural_style.doodle import NeuralDoodle
from neural_style.feedforward.fast_run import FastRun
from neural_style.inetwork import INetwork
from neural_style.inputs import Style
from neural_style.network import Network
from neural_style.painting import ITERATIONS, STRENGTH_HELP
from neural_style.reconstruction import Reconstruction
from neural_style.runs.settings import INITIAL_IMAGES, Run
from neural_style.studio.mode import Input, Mode
from neural_style.studio.settings import BOUNDS, Setting, of_fields
from neural_style.technique import Technique

PHOTO = Input("photo", "Photo")
PAINTINGS = Input("paintings", "Paintings", "pictures")
COLOR_MASK = Input("color_mask", "Where the photo's colours are kept", "mask", False, "color_mask")
START = Input("init", "A picture to start from", "picture", False, "init")

STRENGTH = Setting(
    "strength",
    "number",
    f"{STRENGTH_HELP}.",
    default=1.0,
    assumed=1.0,
    bounds=BOUNDS["strength"],
)
OF_STYLES = (
    Setting(
        "style_weight",
        "numbers",
        "weight of each painting against the others.",
        bounds=BOUNDS["style_weight"],
        each="paintings",
    ),
    Setting(
        "stroke_scale",
        "numbers",
        "size of the strokes, for all paintings or one for each: 2 makes strokes twice as large.",
        bounds=BOUNDS["stroke_scale"],
        each="paintings",
    ),
    *of_fields(Style, ["resize"]),
)
SOFT_MASKS = Setting(
    "soft_masks", "flag", "treat grey in masks as partly white.", default=False, assumed=False, is_switch=True
)
VARIANTS: Mapping[type, Sequence[str]] = {INetwork: inetwork.VARIANTS, NeuralDoodle: doodle.VARIANTS}
NORMALIZATIONS: Mapping[type, Sequence[str]] = {
    Network: network.NORMALIZATIONS,
    Reconstruction: reconstruction.NORMALIZATIONS,
}
COLOURS_KEPT = {"preserve_color": "luminance"}

HAS_VIDEO = all(find_spec(name) is not None for name in ("av", "cv2"))
"""Whether the extra `video` is installed."""

FILM_ROWS, FILM_SEGMENT = 256, 8
"""Rows at which frames are painted, and frames that are lost at most where a film is stopped."""


def _settings(technique: type[Technique], defaults: Mapping[str, object], *, masks: bool = False) -> list[Setting]:
    """All settings of a technique, of its run and, beside a photo, of its paintings; `defaults` are the studio's."""
    of_run = of_fields(Run)
    of_technique = of_fields(technique)
    found = [*of_technique, *of_run, *(OF_STYLES if technique in (Network, INetwork) else ())]
    found += [SOFT_MASKS] if masks else []
    return [_chosen(each, technique).but(default=defaults.get(each.name, each.default)) for each in found]


def _chosen(setting: Setting, technique: type[Technique]) -> Setting:
    """A setting with the options that it has in this technique."""
    tables: dict[str, Mapping[type, Sequence[str]]] = {
        "variant": VARIANTS,
        "normalization": NORMALIZATIONS,
        "of": {Reconstruction: reconstruction.KINDS},
    }
    options = tables.get(setting.name, {}).get(technique)
    if setting.name == "init" and technique is NeuralDoodle:
        options = INITIAL_IMAGES
    return setting if options is None else setting.but(kind="choice", options=tuple(options))


def _split(settings: Iterable[Setting], basic: Sequence[str]) -> dict[str, Any]:
    """`basic`, in that order, and `advanced`."""
    named = {each.name: each for each in settings}
    return {
        "basic": tuple(named[name] for name in basic),
        "advanced": tuple(each for name, each in named.items() if name not in basic),
    }


def _paint() -> Mode:
    of_run = [
        each.but(default=ITERATIONS, assumed=ITERATIONS) if each.name == "iterations" else each
        for each in of_fields(Run)
    ]
    model = Setting(
        "model",
        "choice",
        "the network: vgg19 where its weights are here, otherwise mini.",
        options=("mini", "vgg16", "vgg19"),
    )
    weights = of_fields(Network, ["weights"])
    everything = [STRENGTH, *OF_STYLES, *of_run, SOFT_MASKS, model, *weights]
    return Mode(
        "paint",
        "Paint a photo",
        "Your photo in the style of a painting, with one number for how strongly.",
        ("paint",),
        (PHOTO, PAINTINGS, COLOR_MASK, START),
        **_split(everything, ["strength", "image_size", "preserve_color", "style_weight", "stroke_scale"]),
        presets={
            "balanced": {},
            "faithful to the photo": {"strength": 0.5},
            "bold": {"strength": 2.0, "stroke_scale": (1.5,)},
            "keeps the photo's colours": COLOURS_KEPT,
            "a quick sketch": {"image_size": 200},
        },
        technique=Network,
    )


def _network(name: str, technique: type[Technique], title: str, sentence: str) -> Mode:
    settings = _settings(technique, {"model": "mini"}, masks=True)
    own = [] if technique is Network else ["variant"]
    return Mode(
        name,
        title,
        sentence,
        (name,),
        (PHOTO, PAINTINGS, Input("content_mask", "Where paint goes", "mask", False, "content_mask"), COLOR_MASK, START),
        **_split(
            settings,
            ["image_size", "iterations", "style_weight", "stroke_scale", "content_weight", "preserve_color", *own],
        ),
        presets={
            "as in the papers": {},
            "coarse to fine": {"sizes": (100, 200, 400), "iterations": 5},
            "keeps the photo's colours": COLOURS_KEPT,
            "smooth": {"total_variation_weight": 1e-5},
        },
        technique=technique,
    )


def _regions() -> Mode:
    settings = _settings(Network, {"model": "mini", "mask_normalization": "gatys2017"}, masks=True)
    return Mode(
        "regions",
        "A painting for each region",
        "Draw on the photo where each painting acts.",
        ("network",),
        (PHOTO, PAINTINGS, Input("style_masks", "Regions", "masks", True, "style_masks"), COLOR_MASK, START),
        **_split(settings, ["image_size", "iterations", "style_weight", "stroke_scale", "preserve_color"]),
        presets={
            "clear borders": {},
            "soft borders": {"soft_masks": True},
            "coarse to fine": {"sizes": (100, 200, 400), "iterations": 5},
        },
        technique=Network,
    )


def _doodle() -> Mode:
    settings = [
        each.but(default=None, assumed=None) if each.name in ("image_size", "init") else each
        for each in _settings(NeuralDoodle, {"model": "mini"})
    ]
    return Mode(
        "doodle",
        "Doodle",
        "Draw regions in a few colours: each gets the texture of the painting's region of the same colour.",
        ("doodle",),
        (
            Input("painting", "Painting", flag="style_image"),
            Input("painting_map", "Regions of the painting", "map", True, "style_mask"),
            Input("target_map", "Regions of your picture", "map", True, "target_mask"),
            Input("photo", "A photo whose layout is kept", "picture", False, "content_image"),
            START,
        ),
        **_split(settings, ["image_size", "iterations", "variant", "content_weight"]),
        presets={
            "plain": {},
            "without grain": {"sizes": (80, 160, 320)},
            "all layers": {"variant": "improved"},
        },
        technique=NeuralDoodle,
    )


def _fast() -> Mode:
    strength = of_fields(FastRun, ["strength"])[0].but(bounds=(0, 1))
    size = of_fields(Run, ["image_size"])[0]
    settings = [strength, size, *of_fields(FastRun, ["preserve_color", "tile", "seed"]), *OF_STYLES]
    return Mode(
        "fast",
        "Paint at once",
        "A painting in seconds, by a network that was trained for any style.",
        ("paint",),
        (PHOTO, PAINTINGS),
        **_split(settings, ["strength", "image_size", "preserve_color", "style_weight", "stroke_scale"]),
        presets={"whole": {}, "half": {"strength": 0.5}, "keeps the photo's colours": COLOURS_KEPT},
    )


def _video() -> Mode:
    from neural_style.video.encoding import Encoding
    from neural_style.video.fast import BLEND, BLEND_HELP
    from neural_style.video.film import SEGMENT

    of_fast = {each.name: each for each in of_fields(FastRun, ["strength", "preserve_color", "tile", "seed"])}
    crf = of_fields(Encoding, ["crf"])
    texts = {
        "work_size": "paint frames at so many rows, and enlarge them: 256 rows take about a second each.",
        "blend": f"{BLEND_HELP}.",
        "segment": "frames that are painted again at most where a stopped film is painted on.",
    }
    own = [
        Setting("work_size", "integer", texts["work_size"], default=FILM_ROWS, bounds=(64, 1080)),
        Setting("blend", "number", texts["blend"], default=BLEND, assumed=BLEND, bounds=(0, 0.95)),
        Setting("segment", "integer", texts["segment"], default=FILM_SEGMENT, assumed=SEGMENT, bounds=(1, 48)),
        *(
            Setting(name, "flag", text, default=False, assumed=False, is_switch=True)
            for name, text in (("silent", "leave the sound out."), ("preview", "paint the first second only."))
        ),
    ]
    strength = of_fast.pop("strength").but(bounds=(0, 1))
    return Mode(
        "video",
        "Film",
        "A film in the style of a painting: frame by frame, with strokes that follow the motion, and with its sound.",
        ("video",),
        (Input("clip", "Film", "clip"), PAINTINGS),
        **_split(
            [strength, *own, *of_fast.values(), *crf, *OF_STYLES],
            ["strength", "work_size", "preserve_color", "style_weight", "stroke_scale", "silent"],
        ),
        presets={"whole": {}, "half": {"strength": 0.5}, "keeps the film's colours": COLOURS_KEPT},
    )


def _reconstruct() -> Mode:
    defaults = {"model": "mini", "init": "noise"}
    settings = [
        each.but(assumed="noise") if each.name == "init" else each for each in _settings(Reconstruction, defaults)
    ]
    return Mode(
        "reconstruct",
        "What the network sees",
        "A picture from nothing but the layout, or the texture, that a network keeps of yours.",
        ("reconstruct",),
        (Input("picture", "Picture"), START),
        **_split(settings, ["of", "layers", "image_size", "iterations"]),
        presets={
            "layout": {"of": "content"},
            "texture": {"of": "style", "normalization": "relative", "total_variation_weight": 1e-8},
            "texture without grain": {"of": "style", "normalization": "relative", "sizes": (64, 128, 256)},
        },
        technique=Reconstruction,
    )


def _color_transfer() -> Mode:
    method = Setting(
        "method",
        "choice",
        "luminance keeps the brightness of the picture and takes the colour of the photo at the same place; histogram "
        "matches red, green and blue; cholesky, pca and monge_kantorovich match mean and covariance of the colours.",
        default="luminance",
        assumed="luminance",
        options=METHODS,
    )
    return Mode(
        "color_transfer",
        "Colours of another picture",
        "A picture in the colours of another, usually of its photo.",
        ("color_transfer",),
        (
            Input("photo", "Picture that gives the colours"),
            Input("picture", "Picture that gets them"),
            Input("mask", "Where colours change", "mask", False, "mask"),
        ),
        (method,),
        presets={"each pixel's colour": {}, "the palette": {"method": "monge_kantorovich"}},
    )


def _modes() -> dict[str, Mode]:
    network_sentence = "The method of Gatys, Ecker and Bethge with every setting, and several paintings at once."
    found = [
        _paint(),
        _fast(),
        _network("network", Network, "All settings", network_sentence),
        _network("inetwork", INetwork, "Improved network", "The same with the improvements of Novak and Nikulin."),
        _regions(),
        _doodle(),
        _color_transfer(),
        _reconstruct(),
        *([_video()] if HAS_VIDEO else []),
    ]
    return {each.name: each for each in found}


MODES: dict[str, Mode] = _modes()
"""Every mode by its name, in the order of a page."""
