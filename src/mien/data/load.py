"""Labelled faces, whatever they lie in: `load_faces` finds the layout and gives the one shape, `FaceSet`.

`docs/data.md` describes each layout. To leave out some labels on purpose, call the two steps yourself:
`pictures.cut_faces(folders.list_classes(folder, ignore=["talking"]))`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from mien.data import affectnet, folders, manifest
from mien.data.faceset import SPLITS, FaceSet
from mien.data.fer2013 import is_fer2013, load_fer2013
from mien.data.names import usage_name
from mien.data.pictures import Listing, cut_faces
from mien.data.tables import first_line
from mien.errors import DataError, UsageError
from mien.types import Progress, no_progress

_LISTS: dict[str, Callable[[Path], Listing]] = {
    "classes": folders.list_classes,
    "manifest": manifest.list_manifest,
    "affectnet": affectnet.list_affectnet,
    "affectnet-csv": affectnet.list_affectnet_csv,
    "rafdb": folders.list_rafdb,
    "kdef": folders.list_kdef,
    "ferplus": folders.list_ferplus,
}
LAYOUTS = ("fer2013", *_LISTS)
# What shows a layout: a file of this name in a folder, or else what the folder holds.
_FILES = {"fer2013": ("fer2013.csv",), "manifest": ("manifest.csv", "manifest.parquet")}
_SIGNS: dict[str, Callable[[Path], object]] = {
    "rafdb": lambda one: any(os.path.isfile(base / folders.RAFDB_LIST) for base in (one, one / "basic")),
    "affectnet": affectnet.has_affectnet,
    "affectnet-csv": affectnet.lists_in,
    "ferplus": folders.has_ferplus,
    "classes": folders.has_classes,
    "kdef": folders.has_kdef,
}
_ORDER = (*_FILES, *_SIGNS)  # in which they are looked for
_DEEPEST = 4  # folders with nothing but one folder in them that are passed through, as archives often have


def load_faces(
    data: Path,
    votes: Path | None = None,
    *,
    layout: str | None = None,
    split: str | None = None,
    size: int = 48,
    progress: Progress = no_progress,
) -> FaceSet:
    """Read labelled faces.

    Args:
        data: fer2013.csv, a manifest, or a folder of pictures.
        votes: FERPlus's votes of fer2013.csv: fer2013new.csv, or a folder of label.csv files.
        layout: one of LAYOUTS; found out where it is None.
        split: read one split alone: Training, PublicTest, PrivateTest, or train, val, test.
        size: side of the crops, px, where the data are pictures; fer2013.csv has its own, 48.
        progress: called with what is done and what there is to do.

    Returns:
        The faces; `notes` say what was left out.

    Raises:
        DataError: the data are missing or broken, or hold no such split.
        UsageError: there is no such layout, or votes are given for other data than fer2013.csv.
        MissingExtraError: Parquet without pyarrow.
    """
    if layout not in (None, *LAYOUTS):
        raise UsageError(f"there is no layout {layout!r}; there are: {', '.join(LAYOUTS)}")
    chosen, place = find_layout(data) if layout is None else (layout, _place_of(layout, data))
    wanted = None if split is None else usage_name(split)
    if chosen == "fer2013":
        return load_fer2013(place, votes, only=wanted, progress=progress)
    if votes is not None:
        raise UsageError(f"votes in a file of their own go with fer2013.csv; {data} is read as {chosen!r}")
    listing = _LISTS[chosen](place)
    if not listing.pictures:
        raise DataError(f"{place} has no pictures where the layout {chosen!r} wants them: docs/data.md shows its tree")
    return cut_faces(_one_split(listing, wanted, place), size, progress)


def _one_split(listing: Listing, split: str | None, place: Path) -> Listing:
    if split is None:
        return listing
    pictures = [one for one in listing.pictures if one.split == split]
    if not pictures:
        there = ", ".join(name for name in SPLITS if any(one.split == name for one in listing.pictures))
        raise DataError(f"{place} holds no split {split!r}; it has: {there}")
    return Listing(pictures, listing.notes)


def find_layout(data: Path) -> tuple[str, Path]:
    """Which of LAYOUTS a file or a folder has, and where it begins: `data`, or the one folder in it.

    Raises:
        DataError: there is no such file, or it has no known layout.
    """
    if not os.path.exists(data):
        raise DataError(f"cannot read {data}: No such file or directory")
    return _layout_of_folder(data) if os.path.isdir(data) else (_layout_of_file(data), data)


def _layout_of_file(data: Path) -> str:
    is_parquet = data.suffix.lower() == ".parquet"
    header = manifest.parquet_columns(data) if is_parquet else first_line(data)
    if affectnet.is_affectnet_list(header):
        return "affectnet-csv"
    if is_fer2013(header) and not is_parquet:  # though it may have a column 'image' besides
        return "fer2013"
    if manifest.is_manifest(header):
        return "manifest"
    if "pixels" in (name.lower() for name in header):
        return "fer2013"  # whose reader says which column is missing
    raise DataError(
        f"{data} is neither fer2013.csv (emotion, pixels, Usage) nor a manifest (path, and label, votes or valence); "
        f"its first line says: {', '.join(header[:8])[:80]!r}"
    )


def _layout_of_folder(data: Path) -> tuple[str, Path]:
    found = _walk_down(data, _ORDER)
    if found is not None:
        return found
    names = ", ".join(one.name for one in folders.folders_in(data)[:8]) or "none"
    raise DataError(
        f"{data} has no layout that is known ({', '.join(LAYOUTS)}; docs/data.md shows them); "
        f"expected a folder for each class, such as angry/; its folders are: {names[:120]}"
    )


def _place_of(layout: str, data: Path) -> Path:
    """Where a layout that was asked for begins; where nothing shows it, its reader is left to say what is missing."""
    found = _walk_down(data, (layout,)) if os.path.isdir(data) else None
    if found is not None:
        return found[1]
    return data / _FILES[layout][0] if layout in _FILES and os.path.isdir(data) else data


def _walk_down(data: Path, layouts: Sequence[str]) -> tuple[str, Path] | None:
    """The first of some layouts that a folder shows, or the one folder in it, and where it begins."""
    place = data
    for _ in range(_DEEPEST):
        for layout in layouts:
            begins = _begins(layout, place)
            if begins is not None:
                return layout, begins
        inside = folders.folders_in(place)
        if len(inside) != 1:
            break
        place = inside[0]
    return None


def _begins(layout: str, place: Path) -> Path | None:
    """Where a layout begins in this very folder: its file, or the folder; None where the folder does not show it."""
    if layout in _FILES:
        return next((place / name for name in _FILES[layout] if os.path.isfile(place / name)), None)
    return place if _SIGNS[layout](place) else None
