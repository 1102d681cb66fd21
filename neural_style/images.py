"""Pictures in and out: what a file holds becomes RGB in 0..255, upright, in sRGB, over white; and back to a file."""

from __future__ import annotations

import contextlib
import difflib
import io
import logging
import os
import secrets
import stat
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from neural_style.errors import InvalidInputError, MissingFileError, check_choice, did_you_mean

Array = np.ndarray[Any, Any]

# Below eight pixels on a side there is no texture to read: three of VGG's poolings leave a single position of it.
MIN_SIDE = 8
# 1.5 GB of RGB: a larger picture is more likely a mistake, or a decompression bomb, than a photo.
MAX_PIXELS = 500_000_000

METHODS: dict[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
SUFFIXES = tuple(_FORMATS)
_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"quality": 95, "exact": True},  # exact: colours under transparent pixels are kept
    "TIFF": {"compression": "tiff_adobe_deflate"},
}
# Pillow's other formats stay closed: some of them start programs (EPS runs Ghostscript).
_READABLE = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_RECORD_KEY = "neural_style"
_RECORD_MARK = b"neural_style:"  # tells our text from a camera's own in the EXIF tag that both use
_IMAGE_DESCRIPTION, _ORIENTATION, _ICC_PROFILE = 270, 274, 34675  # TIFF 6.0, Exif 2.3 and ICC.1 tags

_PILLOW_LIMIT = threading.Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    `rgb` is (rows, columns, 3), sRGB over white: uint8, or float32 in 0..255 where the source had more than 8 bits or
    was a float array. `alpha` is (rows, columns) uint8, None where every pixel is opaque. `name` is for messages and
    records.
    """

    rgb: Array
    alpha: Array | None
    name: str
    path: Path | None

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns)"""
        return self.rgb.shape[0], self.rgb.shape[1]


ImageSource = str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any] | Picture


def read(source: ImageSource, *, what: str = "image", grey: bool = False) -> Picture:
    """Read a file, a PIL image or an array.

    Arrays are (rows, columns), or (rows, columns, 1, 3 or 4): uint8, bool, uint16 over its full range, other integers
    within 0..255, or floats in 0..255, which are taken as they are. `what` names the input in messages ("content
    image"). `grey` leaves the luminance only, in three equal channels: the reference's `gray` initial image.

    Raises `MissingFileError` for a file that is not there, `InvalidInputError` for what cannot be used.
    """
    if isinstance(source, Picture):
        picture = source
    elif isinstance(source, np.ndarray):
        picture = _picture(*_from_array(source, f"{what} (an array)"), "an array", None)
    elif isinstance(source, Image.Image):
        where = f"{what} (a PIL image)"
        with _explained(where):
            picture = _picture(*_from_pil(source, where), "a PIL image", None)
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        where = f'{what} "{path}"'
        with _opened(path, where) as file:
            content = _from_tiff(file, where) if file.peek(4)[:4] in _TIFF_MAGIC else None
            if content is None:
                file.seek(0)
                with Image.open(file, formats=_READABLE) as image:
                    content = _from_pil(image, where)
        picture = _picture(*content, os.fspath(source), path)
    else:
        raise InvalidInputError(f"{what}: expected a path, a PIL image or an array. Received: {type(source).__name__}")
    return replace(picture, rgb=_luminance(picture.rgb)) if grey else picture


def resize(rgb: Array, size: tuple[int, int], *, method: str = "bilinear") -> Array:
    """`rgb` (rows, columns[, channels]) at `size` (rows, columns), by Pillow; the same array where nothing is to do.

    uint8 is resized as Pillow resizes a uint8 image, rounding included; anything else in float32, channel by channel.
    """
    check_choice("resize method", method, METHODS)
    rows, columns = size
    if min(rows, columns) < 1:
        raise InvalidInputError(f"a picture needs at least one row and one column. Received: size={size}")
    if rgb.shape[:2] == (rows, columns):
        return rgb
    if rgb.dtype == np.uint8:
        return np.array(Image.fromarray(rgb).resize((columns, rows), METHODS[method]))
    if rgb.ndim == 3:
        return np.stack([resize(rgb[..., i], size, method=method) for i in range(rgb.shape[2])], axis=-1)
    return np.array(Image.fromarray(rgb.astype(np.float32)).resize((columns, rows), METHODS[method]))


def check_output(
    path: str | os.PathLike[str], *, overwrite: bool, suffixes: Iterable[str] = SUFFIXES, what: str = "output"
) -> None:
    """Find out before a run whether `path` can be written after it; missing parent folders are made.

    Raises `InvalidInputError` for a suffix that is not one of `suffixes`, a file that exists already (unless
    `overwrite`), and a place where no file can be made, which is found out by making one.
    """
    path, suffixes, where = Path(path), tuple(suffixes), f'{what} "{os.fspath(path)}"'
    if not path.suffix:
        raise InvalidInputError(f"{where} has no suffix: name the format, as in {path.name or 'out'}{suffixes[0]}")
    if path.suffix.lower() not in suffixes:
        raise InvalidInputError(
            f'{where} has the unknown suffix "{path.suffix}": {did_you_mean(path.suffix.lower(), suffixes)}'
        )
    with _writing(where):
        if path.is_dir():
            raise InvalidInputError(f"{where} is a folder: choose another name")
        if os.path.lexists(path) and not overwrite:
            raise FileExistsError
        blocked = next((parent for parent in path.parents if parent.exists() and not parent.is_dir()), None)
        if blocked:
            raise InvalidInputError(f'{where} cannot be written: "{blocked}" is a file, not a folder')
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = _temporary(path)
        probe.touch(exist_ok=False)
        probe.unlink()


def write(
    path: str | os.PathLike[str],
    rgb: Array,
    *,
    alpha: Array | None = None,
    record: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write `rgb` (rows, columns, 3), 0..255, in the format of the suffix; complete or not at all.

    Floats are clipped and rounded. `alpha` (rows, columns) uint8 is kept where the format can; a JPEG shows the
    picture over white. `record` is a text that `read_record` finds again; a JPEG holds 64 kB of it, and is written
    without a longer one, with a warning.
    """
    path = Path(path)
    where = f'output "{path}"'
    check_output(path, overwrite=overwrite)
    pixels = _to_uint8(rgb, where)
    kind = _FORMATS[path.suffix.lower()]
    if alpha is not None:
        if alpha.shape != pixels.shape[:2] or alpha.dtype != np.uint8:
            raise InvalidInputError(
                f"alpha must be uint8 of shape {pixels.shape[:2]}. Received: {alpha.dtype} {alpha.shape}"
            )
        pixels = _over_white(pixels, alpha) if kind == "JPEG" else np.dstack([pixels, alpha])
    options = dict(_OPTIONS[kind])
    if record is not None:
        # A lone surrogate (a file name that is not UTF-8) becomes the escape that JSON has for it.
        text = record.encode("utf-8", "backslashreplace")
        if kind == "PNG":
            options["pnginfo"] = PngImagePlugin.PngInfo()
            options["pnginfo"].add_itxt(_RECORD_KEY, text.decode())
        else:
            options["exif"] = Image.Exif()
            options["exif"][_IMAGE_DESCRIPTION] = _RECORD_MARK + text
        if kind == "JPEG" and len(options["exif"].tobytes()) > 65533:  # what one JPEG segment holds
            del options["exif"]
            warnings.warn(
                f"{where}: a JPEG has no room for a record of {len(text)} bytes; written without it", stacklevel=2
            )
    buffer = io.BytesIO()
    with _writing(where):
        Image.fromarray(pixels).save(buffer, kind, **options)
    _store(path, buffer.getvalue(), where, overwrite)


def read_record(path: str | os.PathLike[str]) -> str | None:
    """The text that `write` stored in the picture, None where there is none; errors as in `read`."""
    where = f'image "{os.fspath(path)}"'
    with _opened(Path(path), where) as file, Image.open(file, formats=_READABLE) as image:
        _check_extent(image.height, image.width, where)
        if isinstance(image, PngImagePlugin.PngImageFile):
            text = image.text.get(_RECORD_KEY)
            return None if text is None else str(text)
        stored = image.getexif().get(_IMAGE_DESCRIPTION, b"")
    # Pillow hands the bytes of this tag out as Latin-1, which loses nothing.
    stored = stored.encode("latin-1", "replace") if isinstance(stored, str) else stored
    return stored.removeprefix(_RECORD_MARK).decode() if stored.startswith(_RECORD_MARK) else None


def write_animation(
    path: str | os.PathLike[str], frames: Sequence[Array], *, milliseconds: int = 120, overwrite: bool = False
) -> None:
    """Write `frames` (rows, columns, 3), 0..255, as a GIF that loops and rests for a second and a half on the last.

    Frames of other sizes (a run from coarse to fine) are brought to the last one's. Each has a palette of its own.
    """
    path = Path(path)
    where = f'animation "{path}"'
    check_output(path, overwrite=overwrite, suffixes=[".gif"], what="animation")
    if not frames:
        raise InvalidInputError(f"{where} has no frames: give at least one")
    size = frames[-1].shape[:2]
    images = [Image.fromarray(resize(_to_uint8(frame, where), size)).quantize(256) for frame in frames]
    buffer = io.BytesIO()
    with _writing(where):
        images[0].save(
            buffer,
            "GIF",
            save_all=True,
            append_images=images[1:],
            duration=[milliseconds] * (len(images) - 1) + [max(milliseconds, 1500)],
            loop=0,
        )
    _store(path, buffer.getvalue(), where, overwrite)


def _picture(rgb: Array, alpha: Array | None, name: str, path: Path | None) -> Picture:
    """Lay the colours over white; float alpha (0..255) does it in its own precision and is rounded afterwards."""
    if alpha is not None:
        rgb = _over_white(rgb, alpha)
        alpha = np.rint(alpha).astype(np.uint8)
        alpha = None if alpha.min() == 255 else alpha
    return Picture(rgb, alpha, name, path)


def _from_array(array: Array, where: str) -> tuple[Array, Array | None]:
    """RGB and alpha of an array, as new arrays: uint8, or float32 in 0..255."""
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise InvalidInputError(
            f"{where} must be (rows, columns) or (rows, columns, 1, 3 or 4), channels last. Received: {array.shape}"
        )
    _check_extent(array.shape[0], array.shape[1], where)
    if array.dtype == np.bool_:
        values: Array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "u" and array.dtype.itemsize == 2:
        values = array.astype(np.float32) / np.float32(257)
    elif array.dtype.kind in "ui":
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > 255:
            raise InvalidInputError(f"{where} must lie in 0..255. Received: {array.dtype} in {low}..{high}")
        values = array.astype(np.uint8)
    elif array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused below
            values = array.astype(np.float32)
        if not np.isfinite(values).all():
            raise InvalidInputError(f"{where} holds NaN or infinite values: every value must be finite, in 0..255")
    else:
        raise InvalidInputError(f"{where} must hold numbers in 0..255. Received: dtype {array.dtype}")
    if channels < 3:
        return np.repeat(values.reshape(*values.shape[:2], 1), 3, axis=2), None
    if channels == 3:
        return values, None
    alpha = values[..., 3]
    if alpha.min() < 0 or alpha.max() > 255:
        raise InvalidInputError(f"{where}: alpha must lie in 0..255. Received: {alpha.min()}..{alpha.max()}")
    return np.ascontiguousarray(values[..., :3]), alpha


def _from_pil(image: Image.Image, where: str) -> tuple[Array, Array | None]:
    _check_extent(image.height, image.width, where)
    from_file = image.format is not None
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode == "F" and from_file:
        raise _unclear_range(where)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        array = np.asarray(image)
        if image.mode == "I" and from_file:  # how an older Pillow opens a 16-bit grey PNG
            array = array.astype(np.uint16)
        key = image.info.get("transparency")  # a PNG may name one grey that is transparent
        alpha = None if key is None else np.where(array == key, 0, 255).astype(np.uint8)
        return _float_to_srgb(_from_array(array, where)[0], profile, where), alpha
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.array(image.getchannel("A"))
    else:
        alpha = None
    image = image if image.mode == "CMYK" else image.convert("RGB")
    return np.array(_to_srgb(image, profile, where)), alpha


def _from_tiff(file: io.BufferedReader, where: str) -> tuple[Array, Array | None] | None:
    """The first page of a 16-bit grey or RGB TIFF, of which Pillow keeps 8 bits; None for what is Pillow's to read."""
    import tifffile

    logger = logging.getLogger("tifffile")
    if not logger.handlers:  # else what it logs of a damaged file goes to the terminal, before our own line
        logger.addHandler(logging.NullHandler())
    try:
        with tifffile.TiffFile(file) as tiff:
            page: Any = tiff.pages[0]
            kind, bits, tags = page.dtype.kind, page.bitspersample, page.tags
            _check_extent(page.imagelength, page.imagewidth, where)
            if kind not in "bu" or bits not in (1, 2, 4, 8, 16):
                raise _unclear_range(where)
            if bits != 16 or page.photometric > 2 or page.axes not in ("YX", "YXS", "SYX"):
                return None
            array = page.asarray()
            orientation = tags[_ORIENTATION].value if _ORIENTATION in tags else 1
            profile = tags[_ICC_PROFILE].value if _ICC_PROFILE in tags else None
    except InvalidInputError:
        raise
    except (
        Exception
    ):  # damaged, or a compression that only Pillow knows here (LZW): Pillow keeps 8 bits or says why not
        return None
    array = np.moveaxis(array, 0, -1) if page.axes == "SYX" else np.atleast_3d(array)
    colours = 3 if page.photometric == 2 else 1
    samples, extra = array[..., :colours].astype(np.float32) / np.float32(257), page.extrasamples
    samples = 255 - samples if page.photometric == 0 else samples  # "white is zero"
    alpha = None
    if extra and extra[0] in (1, 2):
        alpha = array[..., colours].astype(np.float32) / np.float32(257)
        if extra[0] == 1:  # "associated": the colours are stored multiplied by alpha
            samples = np.clip(samples * 255 / np.maximum(alpha, np.float32(1 / 257))[..., None], 0, 255)
        alpha = _upright(alpha, orientation)
    rgb = np.repeat(samples, 3, axis=2) if colours == 1 else samples
    return _float_to_srgb(_upright(rgb, orientation), profile, where), alpha


def _upright(array: Array, orientation: int) -> Array:
    """Undo an EXIF orientation: from 5 on rows and columns are exchanged, then rows, columns or both run backwards."""
    array = array.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else array
    array = array[:, ::-1] if orientation in (2, 3, 6, 7) else array
    return np.ascontiguousarray(array[::-1] if orientation in (3, 4, 7, 8) else array)


def _to_srgb(image: Image.Image, profile: bytes | None, where: str) -> Image.Image:
    """An RGB or CMYK image in sRGB; a profile that cannot be used is passed over with a warning."""
    if profile:
        from PIL import ImageCms

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            if space == "GRAY" and image.mode == "RGB" and np.ptp(np.asarray(image), axis=2).max() == 0:
                image = image.convert("L")
            elif space != image.mode:
                raise ValueError(f"it is for {space}, the picture is {image.mode}")
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted if converted is not None else image
        except Exception as error:  # the profile is a program of its own: littleCMS and Pillow fail in many ways
            warnings.warn(f"the colour profile of {where} is ignored, colours may be off: {error}", stacklevel=2)
    return image.convert("RGB")


def _float_to_srgb(rgb: Array, profile: bytes | None, where: str) -> Array:
    """As `_to_srgb`, which knows 8 bits only: what it changes at 8 bits is added to the full precision."""
    if not profile:
        return rgb
    eight = np.rint(np.clip(rgb, 0, 255)).astype(np.uint8)
    converted = np.asarray(_to_srgb(Image.fromarray(eight), profile, where)).astype(np.float32)
    return np.asarray(np.clip(rgb + (converted - eight), 0, 255))


def _over_white(rgb: Array, alpha: Array) -> Array:
    if rgb.dtype == np.uint8:
        wide = alpha[..., None].astype(np.uint16)  # 255 * 255 + 127 still fits
        return ((rgb * wide + (255 - wide) * np.uint16(255) + 127) // 255).astype(np.uint8)
    opacity: Array = alpha[..., None].astype(np.float32) / np.float32(255)
    return np.asarray(rgb * opacity + (1 - opacity) * np.float32(255))


def _luminance(rgb: Array) -> Array:
    """The weights of Pillow's mode "L" (ITU-R 601-2), in three equal channels."""
    if rgb.dtype == np.uint8:
        grey: Array = np.asarray(Image.fromarray(rgb).convert("L"))
    else:
        grey = np.asarray(rgb @ np.array([0.299, 0.587, 0.114], np.float32))
    return np.repeat(grey[..., None], 3, axis=2)


def _to_uint8(rgb: Array, where: str) -> Array:
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise InvalidInputError(f"{where}: a picture is (rows, columns, 3). Received: {rgb.shape}")
    if rgb.dtype == np.uint8:
        return rgb
    if not np.isfinite(rgb).all():
        raise InvalidInputError(f"{where}: the picture holds NaN or infinite values and cannot be written")
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _check_extent(rows: int, columns: int, where: str) -> None:
    if min(rows, columns) < MIN_SIDE:
        raise InvalidInputError(
            f"{where} is too small: {rows} rows by {columns} columns, each side must have at least {MIN_SIDE} pixels"
        )
    if rows * columns > MAX_PIXELS:
        raise InvalidInputError(
            f"{where} is too large: {rows} rows by {columns} columns, more than {MAX_PIXELS / 1e6:g} megapixels;"
            " make it smaller first"
        )


def _unclear_range(where: str) -> InvalidInputError:
    return InvalidInputError(f"{where} stores numbers that have no agreed white: save it with 8 or 16 bits per channel")


@contextlib.contextmanager
def _explained(where: str) -> Iterator[None]:
    """What Pillow's decoders raise becomes one line, and what they mutter before it is kept from the terminal.

    Pillow's own limit of size is lifted meanwhile: `_check_extent` sets ours.
    """
    with _PILLOW_LIMIT, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        except InvalidInputError:
            raise
        except MemoryError as error:
            raise InvalidInputError(f"{where} does not fit into memory: make it smaller first") from error
        except UnidentifiedImageError as error:
            raise InvalidInputError(f"{where} is not a picture that can be read: use {', '.join(_READABLE)}") from error
        except Exception as error:  # decoders meet damage with OSError, SyntaxError, ValueError, struct.error and more
            reason = str(error) or type(error).__name__
            raise InvalidInputError(f"{where} is damaged or cut short ({reason}): get or save it again") from error
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@contextlib.contextmanager
def _opened(path: Path, where: str) -> Iterator[io.BufferedReader]:
    """The file, open for reading, with every reason why it cannot be explained."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(f"{where} does not exist: {_advice(path)}") from error
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{where} cannot be opened: {_reason(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise InvalidInputError(f"{where} is {kind}: name a picture file")
    if status.st_size == 0:
        raise InvalidInputError(f"{where} is empty (0 bytes): get or save it again")
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInputError(f"{where} cannot be opened: {_reason(error)}") from error
    with file, _explained(where):
        yield file


def _advice(path: Path) -> str:
    if not path.parent.is_dir():
        return f'there is no folder "{path.parent}"'
    names: dict[str, str] = {}
    with contextlib.suppress(OSError):  # a folder may be entered and yet not be listed
        names = {entry.name.lower(): entry.name for entry in path.parent.iterdir()}
    close = difflib.get_close_matches(path.name.lower(), names, n=1)
    if close:
        return f'did you mean "{path.parent / names[close[0]]}"?'
    return f'check the name, and that it is in "{path.parent.resolve()}"'


def _store(path: Path, data: bytes, where: str, overwrite: bool) -> None:
    """Write `data` beside `path` and move it there whole; without `overwrite` the name is first taken exclusively."""
    temporary = _temporary(path)
    with _writing(where):
        try:
            temporary.write_bytes(data)
            if not overwrite:
                path.touch(exist_ok=False)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.part")


@contextlib.contextmanager
def _writing(where: str) -> Iterator[None]:
    try:
        yield
    except InvalidInputError:  # is a ValueError itself
        raise
    except FileExistsError as error:
        raise InvalidInputError(f"{where} exists: choose another name, or pass overwrite=True / --overwrite") from error
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{where} cannot be written: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
