"""Names that users of other tools type, with the names here: for "did you mean"."""

from __future__ import annotations

from collections.abc import Container

_OTHER_NAMES = {
    # settings
    "iterations": "num_iter n_iter niter num_iters num_iterations max_iter max_iterations steps num_steps epochs",
    "solver": "optimizer optimiser optim",
    "normalize_gradients": "normalise_gradients",
    "learning_rate": "lr step_size",
    "averaging": "avg_decay average_decay ema ema_decay",
    "betas": "adam_betas beta",
    "device": "gpu gpus cuda use_gpu use_cuda",
    "prefix": "output out output_image output_path output_file output_prefix result result_prefix",
    "content": "content_image content_img content_path input input_image photo",
    "styles": "style_image style_images style_img style_imgs style_path style_file painting",
    "preserve_color": "original_colors original_colours original_color preserve_colors preserve_colours keep_colors "
    "color_preserve color_control",
    "total_variation_weight": "tv_weight tv smoothness",
    "style_weight": "style_weights style_blend_weights style_imgs_weights",
    "style_layer_weights": "style_layer_weight layer_weights",
    "image_size": "size max_size img_size width height rows end_scale",
    "sizes": "scales octaves resolutions",
    "stroke_scale": "style_size style_scales",
    "pooling": "pool pool_type",
    "init": "init_image initial_image initialization initialisation init_img_type start",
    "model": "network architecture vgg cnn",
    "weights": "model_file model_path model_weights vgg_path",
    "content_layers": "detail_layer",
    "style_layers": "style_layer",
    "seed": "random_seed",
    "save_every": "save_iter save_iterations checkpoint_iterations checkpoint_every print_iter",
    "style_masks": "style_mask style_mask_imgs mask masks",
    "memory": "lbfgs_num_correction num_correction history_size",
    "maintain_aspect_ratio": "keep_aspect aspect_ratio",
    "rescale_image": "rescale upscale",
    "overwrite": "force",
    "quiet": "silent",
    "strength": "alpha amount",
    # commands
    "paint": "stylize stylise transfer style_transfer style run apply neural_style",
    "show": "info inspect metadata",
    "samples": "examples demo",
    "plan": "estimate",
    "sheet": "compare grid",
    "rerun": "repeat again",
    "color_transfer": "color colour colour_transfer",
    # values
    "bicubic": "cubic",
    "ave": "avg average mean",
    "noise": "random",
    "lbfgs": "l_bfgs",
    "luminance": "luma yuv ycbcr",
}

OF_INPUTS = {
    "style_weight": "give each painting its own, as Style(painting, weight=2)",
    "stroke_scale": "give each painting its own, as Style(painting, scale=2)",
    "style_masks": "give each painting its own, as Style(painting, mask=...)",
    "content_mask": "give it to the photo, as Content(photo, mask=...)",
    "color_mask": "give it to the photo, as Content(photo, color_mask=...)",
}
"""Flags of the command line that belong to an input in Python, and how each is given there."""

_MEANT: dict[str, list[str]] = {}
for _ours, _others in _OTHER_NAMES.items():
    for _other in _others.split():
        _MEANT.setdefault(_other, []).append(_ours)


def meant_by(name: str, options: Container[str]) -> str | None:
    """The option that users of other tools call `name`; None where there is none.

    Example:
        >>> from neural_style.aliases import meant_by
        >>> meant_by("optimizer", ("solver", "seed"))
        'solver'
    """
    known = _MEANT.get(name.lower().replace("-", "_"), [])
    return next((each for each in known if each in options), None)
