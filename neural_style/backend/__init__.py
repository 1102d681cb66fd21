"""Gradients, compilation, devices and kept programs, for TensorFlow and JAX: the only package that imports either."""

# First, since Keras and its backend are to be imported here, silently.
from neural_style.backend.framework import NAME, Tensor, check_eager, start_copies, version  # isort: skip
from neural_style.backend.cache import GRAPHS, NETWORKS, PROGRAMS, Budget, Cache, clear_caches
from neural_style.backend.compilation import COMPILES_OPERATIONS, compiled, eager, value_and_grad
from neural_style.backend.devices import (
    Gpu,
    choose_device,
    device_name,
    gpu,
    grow_memory,
    own_process,
    processor_flags,
    replicas,
    thread_count,
)
from neural_style.backend.forks import check_origin, check_process
from neural_style.backend.gradient_norm import with_gradient_norm
from neural_style.backend.noise import without_deprecations
from neural_style.backend.precision import check_precision, full_float32, products_beside, resolve_precision
from neural_style.backend.program import Evaluated, Function
from neural_style.backend.slicing import part_of

__all__ = [
    "COMPILES_OPERATIONS",
    "GRAPHS",
    "NAME",
    "NETWORKS",
    "PROGRAMS",
    "Budget",
    "Cache",
    "Evaluated",
    "Function",
    "Gpu",
    "Tensor",
    "check_eager",
    "check_origin",
    "check_precision",
    "check_process",
    "choose_device",
    "clear_caches",
    "compiled",
    "device_name",
    "eager",
    "full_float32",
    "gpu",
    "grow_memory",
    "own_process",
    "part_of",
    "processor_flags",
    "products_beside",
    "replicas",
    "resolve_precision",
    "start_copies",
    "thread_count",
    "value_and_grad",
    "version",
    "with_gradient_norm",
    "without_deprecations",
]
