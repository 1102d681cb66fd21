"""What techniques share: the network's settings, `transfer`, `steps` and `objective`, and the registry of techniques.

A technique is a frozen dataclass of settings. It names the layers it uses, reads its inputs, and makes the objective at
any size; everything else is here and in `neural_style.runs`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

from neural_style import images, interruption
from neural_style.aliases import OF_INPUTS
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.images import ImageSource, Picture
from neural_style.images.opening import check_name
from neural_style.inputs import Content, Inputs, Style, check_sources, read_inputs, working_size
from neural_style.objectives.transfer_loss import PADDINGS
from neural_style.runs import records, schema
from neural_style.runs.color_preservation import ColorPreservation
from neural_style.runs.greyness import Greyness
from neural_style.runs.initial import DRAWN, check_styles, start_image
from neural_style.runs.level import Progress
from neural_style.runs.memory_plan import ExtractorSpec, fit_run
from neural_style.runs.result import Result, Step
from neural_style.runs.settings import INITIAL_IMAGES, PAINTED_INITIAL_IMAGES, Run, RunSettings
from neural_style.validation import check_choice, check_names, setting

if TYPE_CHECKING:
    from neural_style.features.extractor import FeatureExtractor
    from neural_style.objectives.objective import Objective, ObjectiveAt
    from neural_style.runs.transfer import CheckpointSource, Minimisation

PRECISIONS = ("float32", "bfloat16", "float64", "auto")

TECHNIQUES: dict[str, type[Technique]] = {}
"""Every technique by its name, as records and the command line spell it."""

Source = Content | ImageSource | Inputs
Sources = Sequence[Style | ImageSource] | Style | ImageSource


@dataclass(frozen=True, kw_only=True)
class Technique(ABC):
    """Settings that make an objective from inputs, which can therefore be run."""

    name: ClassVar[str]
    uses_sources: ClassVar[bool] = False  # of styles
    elsewhere: ClassVar[Mapping[str, str]] = {
        each.name: f"it is a setting of a run: transfer(..., {each.name}=...)" for each in fields(Run)
    } | OF_INPUTS

    model: str = setting("vgg16", "the network: `vgg16`, `vgg19` or `mini`.")
    weights: str | None = setting(
        None,
        "`imagenet`, `embedded`, `random`, `random:<seed>`, or the path of an .h5 or .npz file; by default imagenet "
        "for the VGG networks and embedded for mini.",
    )
    pooling: str = setting("max", "pooling of the network: `max`, `ave`, or `l2`, roots of sums of squares.")
    precision: str = setting(
        "float32",
        "`float32`; `bfloat16`, faster on some processors, which differs from float32 by about a percent; `auto`, "
        "the better of these two on this machine; or `float64`, to check gradients. Sums have at least float32.",
    )
    padding: str = setting(
        "auto",
        "`reflect` mirrors the pastiche at its borders to a multiple of the network's stride, so that the right and "
        "lower edges are painted like the rest; `none` leaves noise in the rows and columns that poolings drop, as the "
        "reference scripts do; `auto` is reflect with mini and none with the VGG networks.",
    )

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" in cls.__dict__:
            TECHNIQUES[cls.name] = records.SETTINGS[cls.name] = cls

    def __post_init__(self) -> None:
        if self.weights is not None:
            if not isinstance(self.weights, str | os.PathLike):
                raise InvalidInputError(
                    f"weights must be a name or a file, received {type(self.weights).__name__}: save arrays by "
                    "numpy.savez, and name the .npz file"
                )
            check_name(str(self.weights), "weights")
            object.__setattr__(self, "weights", str(self.weights))
        object.__setattr__(self, "pooling", str(self.pooling).lower())
        vgg.architecture(self.model)
        check_choice("pooling", self.pooling, vgg.POOLING)
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("padding", self.padding, ("auto", *PADDINGS))

    @property
    def architecture(self) -> vgg.Architecture:
        """The network's table of layers."""
        return vgg.architecture(self.model)

    @property
    @abstractmethod
    def used_layers(self) -> tuple[str, ...]:
        """Every layer that a term uses, in the order of the network."""

    @property
    def content_targets(self) -> tuple[str, ...]:
        """Layers whose features are kept for the whole picture, as targets."""
        return ()

    @property
    def extractor_spec(self) -> ExtractorSpec:
        """The network and the layers in use; the cost of an evaluation follows from them."""
        return ExtractorSpec(self.architecture, self.used_layers, self.precision, self.content_targets, self.pooling)

    @abstractmethod
    def objective_at(self, inputs: Inputs) -> ObjectiveAt:
        """A function of size and tile that makes the objective.

        The network is loaded here, once for all sizes.

        Args:
            inputs: from `inputs`.

        Raises:
            InvalidInputError, MissingFileError: settings and inputs do not go together, or the weights are missing.
        """

    def inputs(self, content: Source, styles: Sources = ()) -> Inputs:
        """Content and styles in memory, from whatever they were given as; `Inputs` are returned as they are.

        Raises:
            InvalidInputError, MissingFileError: they cannot be read, or are not what the technique needs.
        """
        inputs = content if isinstance(content, Inputs) else read_inputs(content, styles)
        if inputs.content.label_map is not None or any(style.label_map is not None for style in inputs.styles):
            raise InvalidInputError(f"{self.name} has no label maps: leave label_map out, or use NeuralDoodle")
        inputs.content.picture  # noqa: B018  (raises where there is none)
        return inputs

    def run_settings(self, inputs: Inputs, settings: RunSettings) -> Run:
        """The settings of a run, completed and checked against the inputs.

        Raises:
            InvalidInputError: they are impossible, or do not go with the inputs.
        """
        self.check_run_names(settings)
        check_sources(self.name, inputs.styles, used=self.uses_sources)
        run = Run(**settings)
        if inputs.content.color_mask is not None and run.preserve_color == "none":
            raise InvalidInputError("a color_mask needs preserve_color: name a method, such as luminance")
        return run

    def check_run(self, run: Run) -> None:
        """Raise `InvalidInputError` where a run and settings do not go together."""
        if run.tile is not None and not self.extractor_spec.by_tiles:
            raise InvalidInputError(f"these settings of {self.name} need the whole picture: leave tile out")

    def check_run_names(self, settings: RunSettings) -> None:
        """Raise `UnknownSettingError` for a keyword that is no setting of a run."""
        own = {each.name: f"it is a setting of {type(self).__name__}, not of a run" for each in fields(self)}
        check_names("a run", settings, [each.name for each in fields(Run)], elsewhere={**own, **OF_INPUTS})

    def check(self, inputs: Inputs, run: Run) -> None:
        """Check a run as far as that needs no backend, which takes seconds to start; `transfer` checks the rest.

        Raises:
            InvalidInputError, MissingFileError: a size is impossible, or settings and inputs do not go together.
        """
        self.check_inputs(inputs)
        self.check_run(run)
        if not (run.init_is_named and str(run.init) in PAINTED_INITIAL_IMAGES):  # which start the backend
            self.initial_picture(inputs, run)
        aspect, minimum = run.maintain_aspect_ratio, self.extractor_spec.stride
        for rows in run.levels:
            size = working_size(inputs.content.canvas, rows, maintain_aspect_ratio=aspect, minimum=minimum)
            for style in inputs.styles:
                style.size_at(size, minimum=minimum)

    def check_inputs(self, inputs: Inputs) -> None:  # noqa: B027  (by default all inputs do)
        """Raise `InvalidInputError` where settings and inputs do not go together."""

    def resolved(self) -> Self:
        """The same settings with the defaults that depend on network and machine written out."""
        from neural_style import backend  # which starts Keras

        return replace(
            self,
            weights=self.weights or self.architecture.weights,
            precision=backend.resolve_precision(self.precision),
            padding=self.resolved_padding,
        )

    @property
    def resolved_padding(self) -> str:
        """The padding that `auto` stands for with this network."""
        return ("reflect" if self.model == "mini" else "none") if self.padding == "auto" else self.padding

    def objective(
        self,
        content: Source,
        styles: Sources = (),
        *,
        image_size: int | None = None,
        maintain_aspect_ratio: bool = Run.maintain_aspect_ratio,
        tile: int | None = Run.tile,
    ) -> Objective:
        """The function of the pastiche that a transfer minimises, at one size.

        Args:
            content: a `Content`, or an image as a path, a PIL image or an array.
            styles: one or more `Style` or images.
            image_size: rows of the pastiche, by default those of `transfer`; its columns follow from the content.
                Arrays that have the working size already are used unchanged.
            maintain_aspect_ratio: False works on a square.
            tile: side of the tiles in which the pastiche is processed; by default tiles are used where memory is short.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be used, with what to do.
        """
        settings: RunSettings = {"maintain_aspect_ratio": maintain_aspect_ratio, "tile": tile}
        settings |= {} if image_size is None else {"image_size": image_size}
        run = self.run_settings(inputs := self.inputs(content, styles), settings)
        plan = fit_run(self.extractor_spec, inputs.content.canvas, inputs.styles, run)[-1]
        return self.objective_at(inputs)(plan.size, plan.tile)

    def steps(
        self,
        content: Source,
        styles: Sources = (),
        *,
        progress: Progress | None = None,
        checkpoint: CheckpointSource | None = None,
        resume: bool = False,
        **run: Unpack[RunSettings],
    ) -> Iterator[Step]:
        """A transfer as an iterator over its iterations, for notebooks, live views and early stops.

        Arguments and errors are those of `transfer`. Inputs are checked before the first step is asked for. A resumed
        run yields the remaining steps; the checkpoint of a step is written when the next one is asked for.
        """
        return self._minimisation(self.inputs(content, styles), run, checkpoint, resume).steps(progress)

    def transfer(
        self,
        content: Source,
        styles: Sources = (),
        *,
        progress: Progress | None = None,
        on_step: Callable[[Step], None] | None = None,
        checkpoint: CheckpointSource | None = None,
        resume: bool = False,
        **run: Unpack[RunSettings],
    ) -> Result:
        """Make a pastiche.

        Args:
            content: a `Content`, or an image as a path, a PIL image or an array (H, W, 3), RGB in 0..255.
            styles: one or more `Style` or images.
            progress: called after every evaluation with the number of evaluations and the loss of what is kept so far.
            on_step: called after every iteration.
            checkpoint: a file that stores the run, written before the first iteration and after every one (and after
                `on_step`), for the solvers lbfgs and adam. It stays when the run ends.
            resume: resume the run in the checkpoint, to the picture of an uninterrupted run; start afresh if the file
                does not exist. All settings must be the same, except that `iterations` may be more.
            run: `image_size`, `sizes`, `iterations`, `init`, `solver`, `preserve_color` and the other settings of
                `neural_style.runs.settings.Run`, where each is described.

        Returns:
            The best picture of the last size. A run that is interrupted (Ctrl-C), breaks down, or is broken off by an
            error ends with the best picture so far; `Result.stopped` states why, and `Result.error` is the error.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be used, with what to do; before any work is done.
        """
        return self._minimisation(self.inputs(content, styles), run, checkpoint, resume).result(progress, on_step)

    def initial_picture(self, inputs: Inputs, run: Run) -> Picture | None:
        """The picture that a run starts from, None for one that is drawn at random.

        Raises:
            InvalidInputError, MissingFileError: the initial image is unknown, or cannot be read.
        """
        init = run.init
        if run.init_is_named and str(init) in PAINTED_INITIAL_IMAGES:
            return images.read(import_module(PAINTED_INITIAL_IMAGES[str(init)]).initial_picture(inputs, run))
        if run.init_is_named:
            if init == "regions":
                raise InvalidInputError("init regions needs label maps: use it in a doodle")
            if init == "style_stats":
                check_styles(inputs.styles)
            return None if init in DRAWN else images.read(inputs.content.picture, grey=init == "gray")
        if isinstance(init, str) and not Path(init).suffix and not Path(init).exists():
            check_choice("initial image", init, INITIAL_IMAGES)
        return images.read(init, what="initial image")

    def identity(self, inputs: Inputs, run: Run) -> records.Record:
        """The record of such a run without results: what two runs to the same picture have in common."""
        start = None if run.init_is_named else self.initial_picture(inputs, run)
        return records.identity(self.name, records.plain(self.resolved()), inputs, run, start=start)

    def extractor(self) -> FeatureExtractor:
        """The network with its weights, for the layers in use.

        Raises:
            InvalidInputError, MissingFileError: see `neural_style.features.weights.load`.
        """
        from neural_style import backend  # Keras starts here, and silently, before other modules import it
        from neural_style.features.extractor import feature_extractor

        precision = backend.resolve_precision(self.precision)
        return feature_extractor(self.model, self.weights, self.used_layers, pooling=self.pooling, precision=precision)

    @interruption.allowed()
    def _minimisation(
        self, inputs: Inputs, settings: RunSettings, checkpoint: CheckpointSource | None, resume: bool
    ) -> Minimisation:
        """A run that is ready to start."""
        import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)
        from neural_style.runs.transfer import Minimisation, open_checkpoint

        self.check_run(run := self.run_settings(inputs, settings))
        file = open_checkpoint(checkpoint, resume, run)
        plans = fit_run(self.extractor_spec, inputs.content.canvas, inputs.styles, run)
        start = self.initial_picture(inputs, run)
        colors = ColorPreservation(inputs.content, run)
        grey = Greyness(inputs, None if run.init_is_named else start, run)
        return Minimisation(
            grey.objective_at(self.objective_at(colors.recolored_styles(inputs))),
            grey.image(start_image(start, inputs, run, plans[0].size)),
            run,
            plans,
            identity=self.identity(inputs, run),
            checkpoint=file,
            finish=lambda found: grey.image(colors.recolored(found)),
            alpha=inputs.content.canvas.alpha,
        )


def technique_named(name: str, settings: Mapping[str, Any]) -> Technique:
    """A technique from its name and the settings in a record.

    Raises:
        InvalidInputError: there is no such technique, or it has other settings in this version.
    """
    check_choice("technique", name, TECHNIQUES)
    records.check(schema.settings_of(TECHNIQUES[name], {}), settings, name)
    return TECHNIQUES[name](**settings)
