"""A plain PyTorch transfer, as anyone would write it: the same network, weights and loss, `torch.optim.LBFGS`.

    python benchmarks/pytorch_baseline.py problem.npz trace.json

`convergence.py` writes the problem and reads the trace, a list of [seconds, loss], one entry an evaluation. It needs
`pip install torch`, and nothing of this library.
"""

import argparse
import json
import time

import numpy as np
import torch
from torch import nn

HISTORY = 100
"""PyTorch's own default and that of neural-style-pt."""


class Features(nn.Module):
    """VGG, truncated at the deepest layer in use."""

    def __init__(self, weights, layers):
        super().__init__()
        self.layers = layers
        names = sorted({name.rsplit("_", 1)[0] for name in weights})
        last = max(map(_keras_name, layers))
        self.names = [name for name in names if name <= last]
        self.convolutions = nn.ModuleList()
        for name in self.names:
            kernel, bias = weights[f"{name}_kernel"], weights[f"{name}_bias"]
            convolution = nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1)
            convolution.weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
            convolution.bias.data = torch.tensor(bias)
            self.convolutions.append(convolution)
        self.requires_grad_(False)

    def forward(self, image):
        mean = torch.tensor([103.939, 116.779, 123.68])
        x = (image[..., [2, 1, 0]] - mean).permute(2, 0, 1)[None]
        found, block = {}, "block1"
        for name, convolution in zip(self.names, self.convolutions, strict=True):
            if not name.startswith(block):
                x, block = nn.functional.max_pool2d(x, 2), name[:6]
            x = torch.relu(convolution(x))
            found[name] = x
        return {layer: found[_keras_name(layer)] for layer in self.layers}


def _keras_name(layer):
    block, index = layer.removeprefix("conv").split("_")
    return f"block{block}_conv{index}"


def gram(features):
    flat = features.flatten(2)[0]
    return flat @ flat.T


def run(
    content, style, start, weights, *, content_layer, content_weight, style_layers, total_variation_weight, evaluations
):
    """A list of (seconds, loss of the picture as it would be saved) after each evaluation; all are equally large.

    It is saved with its pixels clipped to 0..255, which is measured with the clock stopped.
    """
    network = Features(weights, sorted({content_layer, *style_layers}))
    content, style = torch.tensor(content), torch.tensor(style)
    rows, columns = content.shape[:2]
    with torch.no_grad():
        target = network(content)[content_layer]
        grams = {layer: gram(features) for layer, features in network(style).items() if layer in style_layers}
    image = torch.tensor(start).requires_grad_(True)
    trace, stopped = [], 0.0

    def loss_of(image):
        features = network(image)
        loss = content_weight * (features[content_layer] - target).square().sum()
        for layer in style_layers:
            errors = (gram(features[layer]) - grams[layer]).square().sum()
            loss = loss + errors / (36.0 * (rows * columns) ** 2 * len(style_layers))
        corner = image[:-1, :-1]
        squares = (corner - image[1:, :-1]).square() + (corner - image[:-1, 1:]).square()
        return loss + total_variation_weight * squares.pow(1.25).sum()

    optimizer = torch.optim.LBFGS(
        [image], lr=1, max_iter=evaluations, max_eval=evaluations, history_size=HISTORY, tolerance_grad=0,
        tolerance_change=0,
    )  # fmt: skip

    def closure():
        nonlocal stopped
        optimizer.zero_grad()
        loss = loss_of(image)
        loss.backward()
        now = time.process_time()
        with torch.no_grad():
            trace.append((now - stopped, float(loss_of(image.clamp(0, 255)))))
        stopped += time.process_time() - now
        return loss

    optimizer.step(closure)
    return trace


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("problem")
    parser.add_argument("trace")
    found = parser.parse_args()
    with np.load(found.problem) as file:
        content, style, start = (file[name] for name in ("content", "style", "start"))
        settings = json.loads(str(file["settings"]))
    with np.load(settings.pop("weights")) as file:
        weights = {name: file[name].astype(np.float32) for name in file.files}
    trace = run(content, style, start, weights, **settings)
    with open(found.trace, "w") as file:
        json.dump({"version": torch.__version__, "trace": trace}, file)


if __name__ == "__main__":
    main()
