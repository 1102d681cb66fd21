"""Enlarging by the embedded network, and removing noise: PSNR and SSIM on pictures that no training has seen.

    python benchmarks/enhancement.py upscale --images photos
    python benchmarks/enhancement.py denoise --images photos
    python benchmarks/enhancement.py frames

`upscale` shrinks each picture by Pillow's bicubic filter, in 8 bits, and enlarges it again; `--jpeg 75` compresses the
small picture before that, as one from the web is. `denoise` adds normal noise to each channel, in 8 bits. PSNR is of
the luminance (of all channels for `denoise`), without a border of 8 pixels; SSIM of the luminance. Of a folder, every
twelfth picture is taken: those that tools/train_upscaler.py holds out; `--all` takes all. `frames` enlarges frames of a
film that were painted at a half and a quarter of the rows, and compares them with those painted in full size.
"""

import argparse
import io
import time
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from neural_style import images
from neural_style.enhancement import filters, sizes
from neural_style.images import LUMA

BORDER = 8


def psnr(found, wanted):
    """In dB, of levels in 0..255."""
    difference = (found.astype(np.float64) - wanted)[BORDER:-BORDER, BORDER:-BORDER]
    return 10 * np.log10(255**2 / max(1e-9, np.mean(difference**2)))


def ssim(found, wanted):
    inner = slice(BORDER, -BORDER)
    return structural_similarity(found[inner, inner], wanted[inner, inner], data_range=255)


def pictures(folder, everything):
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    for path in paths if everything else paths[::12]:
        with Image.open(path) as image:
            yield np.asarray(image.convert("RGB"))


def compressed(pixels, quality):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def upscale(found):
    print("| scale | pictures | PSNR bicubic | Lanczos | ours | SSIM bicubic | Lanczos | ours | better | s/MP |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for scale in sizes.SCALES:
        rows, seconds, pixels = [], 0.0, 0
        for picture in pictures(found.images, found.all):
            height, width = (extent // scale * scale for extent in picture.shape[:2])
            whole = picture[:height, :width]
            small = images.resize(whole, (height // scale, width // scale), method="bicubic")
            small = compressed(small, found.jpeg) if found.jpeg else small
            if not rows:  # compiles
                sizes.enlarged(small, scale)
            begin = time.process_time()
            ours = sizes.enlarged(small, scale)
            seconds += time.process_time() - begin
            pixels += ours.shape[0] * ours.shape[1]
            others = [images.resize(small, (height, width), method=method) for method in ("bicubic", "lanczos")]
            grey = [each @ LUMA for each in (*others, ours)]
            wanted = whole @ LUMA
            rows.append([f(each, wanted) for f in (psnr, ssim) for each in grey])
        mean = np.mean(rows, axis=0)
        better = sum(row[2] > row[0] for row in rows)
        numbers = " | ".join([*(f"{each:.2f}" for each in mean[:3]), *(f"{each:.3f}" for each in mean[3:])])
        print(f"| {scale} | {len(rows)} | {numbers} | {better} of {len(rows)} | {1e6 * seconds / pixels:.2f} |")


def denoise(found):
    print("| sigma | measured | PSNR noisy | median | total variation | non-local means | gain of the last |")
    print("|---|---|---|---|---|---|---|")
    for sigma in found.sigmas:
        rows = []
        for index, whole in enumerate(pictures(found.images, found.all)):
            noise = np.random.default_rng(index).normal(0, 255 * sigma, whole.shape)
            noisy = images.read(np.rint(np.clip(whole + noise, 0, 255)).astype(np.uint8))
            made = (noisy, filters.median(noisy), filters.denoise(noisy, "tv"), filters.denoise(noisy))
            rows.append([filters.noise_of(noisy.rgb) / 255, *(psnr(each.rgb, whole) for each in made)])
        measured, *mean = np.mean(rows, axis=0)
        numbers = " | ".join(f"{each:.2f}" for each in (*mean, mean[-1] - mean[0]))
        print(f"| {sigma:g} | {measured:.3f} | {numbers} |")


def frames(found):
    """Enlarging of painted frames, by Lanczos' filter and by the network."""
    from neural_style import metrics
    from neural_style.samples import sample
    from neural_style.samples.clips import clip
    from neural_style.video.fast import Fast
    from neural_style.video.work_size import reduced

    size = 256, 384
    print("| photo, painting | rows | by | ms a frame | SSIM with full size | flicker |")
    print("|---|---|---|---|---|---|")
    for photo, painting, part in (("cat", "night", 2), ("coffee", "harvest", 2), ("cat", "night", 4)):
        film = clip(sample(photo), "pan", frames=4, size=size)
        whole, small = Fast(sample(painting)), Fast(sample(painting))
        full = [whole.transfer(frame) for frame in film.frames]
        reduced_size = size[0] // part, size[1] // part
        painted = [small.transfer(reduced(frame, reduced_size, "average")) for frame in film.frames]
        for name in ("lanczos", "network"):
            made, begin = [], 0.0
            for index, frame in enumerate([painted[0], *painted]):  # the first compiles
                begin = time.process_time() if index == 1 else begin
                is_plain = name == "lanczos"
                made.append(images.resize(frame, size, method=name) if is_plain else sizes.enlarged(frame, part))
            milliseconds = 1000 * (time.process_time() - begin) / len(painted)
            likeness = np.mean([metrics.structural_similarity(*pair) for pair in zip(made[1:], full, strict=True)])
            flicker = metrics.warping_error(made[1:], film.flows, film.valid)
            print(
                f"| {photo}, {painting} | {reduced_size[0]} | {name} | {milliseconds:.0f} | {likeness:.3f} "
                f"| {flicker:.4f} |"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("upscale", "denoise", "frames"))
    parser.add_argument("--images", type=Path, default=Path("photos"))
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--jpeg", type=int, metavar="QUALITY")
    parser.add_argument("--sigmas", type=float, nargs="+", default=[0.03, 0.06, 0.1])
    found = parser.parse_args()
    {"upscale": upscale, "denoise": denoise, "frames": frames}[found.what](found)


if __name__ == "__main__":
    main()
