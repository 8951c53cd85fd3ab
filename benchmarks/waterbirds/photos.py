"""The variant `photos`: photographs of birds over photographs of scenes, in the official layout."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from provbench.registry import Progress
from provbench.registry.base import write_image, write_mask

from ..common import ensure_generated
from .data import COLUMNS, SPLITS, Bird, Split, image_path, metadata_path, segmentation_path
from .mini import MiniSet, birds_of

if TYPE_CHECKING:
    from PIL import Image

GENERATOR_VERSION = 1
"""Raise it when the same parameters would give other images: folders of older versions are then generated anew."""

STAMPS = "usr/share/tuxpaint/stamps/animals/birds/{}.png"
TEMPLATES = "usr/share/tuxpaint/templates/{}.jpg"
NATURE = "usr/share/backgrounds/mate/nature/{}.jpg"
WALLPAPER = "usr/share/wallpapers/{}/contents/images/2560x1600.jpg"


def _named(form: str, names: str) -> list[str]:
    return [form.format(name) for name in names.split()]


BIRDS: tuple[Sequence[str], ...] = (
    _named(
        "{}",
        "adelaide-rosella albino_peahen blackbird chicken_profile crow crowned_crane cuckoo guineafowl "
        "helmeted_guineafowl hen lark magpie nandou ostrich owl peacock pigeon quetzal rainbow-lorikeet rooster tucan "
        "turkey vulture",
    ),
    _named(
        "{}",
        "drake duck gander heron_greatblue heron_greatblue_flying little-penguin magellanic_penguin pelican penguin "
        "pink_flamingo seagull silver-gull",
    ),
)
"""Photographs with transparent surroundings, by class: who lives on water by this project's own judgement."""


SCENES: Mapping[Split, tuple[Sequence[str], ...]] = {
    "train": (
        [
            *_named(TEMPLATES, "cliff corn_maze mossy_log redwoods_above rocks trees_at_dusk"),
            *_named(NATURE, "GreenMeadow"),
            *_named(WALLPAPER, "FallenLeaf"),
        ],
        [
            *_named(TEMPLATES, "ocean_waves jellyfish"),
            *_named(NATURE, "Aqua"),
            *_named(WALLPAPER, "BytheWater"),
        ],
    ),
    "val": (
        [*_named(TEMPLATES, "burnt_bark sun_behind_leaves"), *_named(NATURE, "Dune")],
        [*_named(TEMPLATES, "ocean_splash"), *_named(WALLPAPER, "EveningGlow")],
    ),
    "test": (
        [*_named(TEMPLATES, "mudstone sheep"), *_named(WALLPAPER, "OneStandsOut Path")],
        _named(WALLPAPER, "ColdRipple DarkestHour summer_1am"),
    ),
}
"""Photographs of land and of water by split, so that no scene is in two of them. The birds are the same in all."""

PACKAGES: Mapping[str, Sequence[str]] = {
    "tuxpaint-stamps-default": [STAMPS.format(name) for names in BIRDS for name in names],
    **{
        package: [name for places in SCENES.values() for names in places for name in names if name.startswith(folder)]
        for package, folder in (
            ("tuxpaint-data", "usr/share/tuxpaint"),
            ("mate-backgrounds", "usr/share/backgrounds"),
            ("plasma-workspace-wallpapers", "usr/share/wallpapers"),
        )
    },
}
"""Debian's packages, and the files in each that are read."""


@dataclass(frozen=True)
class PhotoSet(MiniSet):
    """Parameters that determine the set. low, high: longer side of a bird, in units of the image's."""

    train: int = 360
    val: int = 90
    test: int = 240
    side: int = 224
    low: float = 0.45
    high: float = 0.75


PHOTOS = PhotoSet()
SHORTER = 448
"""Pixels to which a scene's shorter side is reduced before squares are cut out of it."""


def write(root: Path, material: Path, progress: Progress, photos: PhotoSet = PHOTOS) -> None:
    """Writes images, outlines and the metadata file into the empty folder `root`.

    material: a folder with the files of `PACKAGES`. Each image is a function of the seed, the sizes, its split, class,
    number and place alone.
    """
    stamps = [[_rgba(material / STAMPS.format(name)) for name in names] for names in BIRDS]
    rows: list[tuple[Bird, Split, int]] = [
        (Bird(_name(bird.label, number, split), bird.label, bird.place), split, number)
        for split in SPLITS
        for bird, number in birds_of(split, photos)
    ]
    rows.sort(key=lambda row: row[0].id)
    scenes = {split: [[_scene(material / name) for name in names] for names in SCENES[split]] for split in SPLITS}
    path = metadata_path(root)
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for done, (bird, split, number) in enumerate(rows, start=1):
            rng = np.random.default_rng([photos.seed, SPLITS.index(split), bird.label, number])
            stamp = stamps[bird.label][number % len(stamps[bird.label])]
            place = int(rng.integers(len(scenes[split][bird.place])))
            image, outline = composite(rng, stamp, scenes[split][bird.place][place], photos)
            for file in (image_path(root, bird), segmentation_path(root, bird)):
                file.parent.mkdir(parents=True, exist_ok=True)
            write_image(image_path(root, bird), image)
            write_mask(segmentation_path(root, bird), outline)
            scene = SCENES[split][bird.place][place]
            table.writerow([done, bird.id, bird.label, SPLITS.index(split), bird.place, f"/{scene}"])
            progress(done, len(rows))


def generate(root: Path, fetch: Callable[[Path], None], progress: Progress, photos: PhotoSet = PHOTOS) -> bool:
    """Have the set at `root`; True if it had to be made. fetch: puts the files of `PACKAGES` into a folder; called only
    where the set is not there. Raises as `ensure_generated` and `fetch` do."""
    stamp: dict[str, Any] = {
        "generator": "waterbirds-photos",
        "version": GENERATOR_VERSION,
        "parameters": asdict(photos),
    }

    def fill(folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=f".{root.name}.material-", dir=root.parent) as material:
            fetch(Path(material))
            write(folder, Path(material), progress, photos)

    return ensure_generated(root, stamp, fill)


def composite(
    rng: np.random.Generator, stamp: Image.Image, scene: Image.Image, photos: PhotoSet
) -> tuple[np.ndarray, np.ndarray]:
    """Returns a bird over a scene, (side, side, 3) uint8, and (side, side) bool, True where it covers half a pixel.

    A square of half to all of the scene's shorter side is cut out of it anywhere. The bird is mirrored or not, between
    `low` and `high` of the side long, and anywhere inside.
    """
    from PIL import Image

    side = photos.side
    size = round(rng.uniform(0.5, 1) * min(scene.size))
    left, top = (int(rng.integers(room - size + 1)) for room in scene.size)
    ground = scene.crop((left, top, left + size, top + size)).resize((side, side), Image.Resampling.LANCZOS)
    if rng.random() < 0.5:
        stamp = stamp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale = rng.uniform(photos.low, photos.high) * side / max(stamp.size)
    width, height = (max(1, round(scale * length)) for length in stamp.size)
    bird = stamp.resize((width, height), Image.Resampling.LANCZOS)
    place = int(rng.integers(side - width + 1)), int(rng.integers(side - height + 1))
    ground.paste(bird, place, bird.getchannel("A"))
    alpha = Image.new("L", (side, side))
    alpha.paste(bird.getchannel("A"), place)
    return np.asarray(ground), np.asarray(alpha) >= 128


def _name(label: int, number: int, split: Split) -> str:
    """Returns the image's path, in a folder of its bird's name as in CUB."""
    names = BIRDS[label]
    kind = number % len(names)
    return f"{len(BIRDS[0]) * label + kind + 1:03d}.{names[kind]}/{names[kind]}_{split}_{number:04d}.jpg"


def _rgba(path: Path) -> Image.Image:
    from PIL import Image

    with Image.open(path) as image:
        picture = image.convert("RGBA")
    opaque = Image.fromarray(np.asarray(picture.getchannel("A")) >= 128)
    return picture.crop(opaque.getbbox())


def _scene(path: Path) -> Image.Image:
    from PIL import Image

    with Image.open(path) as image:
        picture = image.convert("RGB")
    shrink = SHORTER / min(picture.size)
    size = (round(shrink * picture.width), round(shrink * picture.height))
    return picture.resize(size, Image.Resampling.LANCZOS) if shrink < 1 else picture
