"""Folders of pictures as listings: by class, and the published layouts of KDEF, RAF-DB and FERPlus.

`docs/data.md` shows the tree of each and where it comes from. Nothing here decodes a picture.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from mien.data import ferplus
from mien.data.faceset import LABELS
from mien.data.names import LEFT_OUT, index_labels, label_index, plain, split_name, unknown_labels
from mien.data.pictures import Listed, Listing, named, pictures_below, pictures_in
from mien.data.tables import csv_lines
from mien.errors import DataError


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, sorted, without hidden ones; DataError if it cannot be read."""
    try:
        return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {folder}: {getattr(error, 'strerror', None) or error}") from error


# --- a folder for each class ----------------------------------------------------------------------------------------


def list_classes(folder: Path, *, ignore: Iterable[str] = ()) -> Listing:
    """Pictures in `folder/CLASS/` or `folder/SPLIT/CLASS/`, and below.

    Args:
        folder: holds the folders of the classes, in any spelling, or those of train, val and test.
        ignore: names of folders to leave out.

    Raises:
        DataError: a folder's name is no label, or there are no pictures.
    """
    inside = folders_in(folder)
    splits = [(split_name(one.name), one) for one in inside]
    if not any(split for split, _ in splits):
        return Listing(_classes(inside, "Training", folder, ignore), _outside_classes([folder]))
    odd = [one.name for split, one in splits if split is None and any(pictures_below(one))]
    if odd:
        raise DataError(f"{folder} has {named(odd)} beside folders of splits; expected train, val and test alone")
    pictures = [
        listed for split, one in splits if split is not None for listed in _classes(folders_in(one), split, one, ignore)
    ]
    return Listing(pictures, _outside_classes([folder, *(one for _, one in splits)]))


def _outside_classes(places: list[Path]) -> tuple[str, ...]:
    """The note that counts the pictures which lie beside folders of classes, not in one; none where there are none."""
    found = [path for place in places for path in pictures_in(place)]
    what = "pictures lie in no folder of a class and are left out"
    return (f"{len(found)} {what}: {named(found)}",) if found else ()


def _classes(inside: list[Path], split: str, folder: Path, ignore: Iterable[str]) -> list[Listed]:
    files = [(one.name, path) for one in inside for path in pictures_below(one)]
    labels = index_labels([name for name, _ in files], folder, ignore=ignore)
    return [
        Listed(path, int(label), split) for (_, path), label in zip(files, labels, strict=True) if label != LEFT_OUT
    ]


def has_classes(folder: Path) -> bool:
    """Whether a folder in it, or in one of its folders for a split, is called like a label."""
    inside = folders_in(folder)
    groups = [inside, *(folders_in(one) for one in inside if split_name(one.name))]
    return any(label_index(one.name) is not None for group in groups for one in group)


# --- KDEF -----------------------------------------------------------------------------------------------------------

# Session, sex, person, expression, angle: as kdef.se documents its names.
_KDEF = re.compile(r"([AB])([FM])(\d\d)(AF|AN|DI|HA|NE|SA|SU)(FL|HL|S|HR|FR)", re.IGNORECASE | re.ASCII)


def list_kdef(folder: Path) -> Listing:
    """The pictures of the Karolinska Directed Emotional Faces, called `AF01ANS.JPG`, in a folder and below.

    Raises:
        DataError: there are none.
    """
    pictures, odd = [], []
    for path in pictures_below(folder):
        found = _KDEF.fullmatch(path.stem)
        label = label_index(found[4]) if found else None
        if label is None:
            odd.append(path.name)
        else:
            pictures.append(Listed(path, label))
    if not pictures:
        raise DataError(f"{folder} has no pictures called as KDEF calls its own (AF01ANS.JPG)")
    notes = (
        [f"left out, since they are not called as KDEF calls its pictures ({len(odd)}): {named(odd)}"] if odd else []
    )
    return Listing(pictures, tuple(notes))


def has_kdef(folder: Path) -> bool:
    """Whether the first picture in a folder or below has a name of KDEF's."""
    first = next(pictures_below(folder), None)
    return first is not None and _KDEF.fullmatch(first.stem) is not None


# --- RAF-DB ---------------------------------------------------------------------------------------------------------

RAFDB_LIST = Path("EmoLabel", "list_patition_label.txt")  # so spelled
RAFDB_LABELS = {
    "1": "surprise", "2": "fear", "3": "disgust", "4": "happy", "5": "sad", "6": "angry", "7": "neutral",
}  # fmt: skip


def list_rafdb(folder: Path) -> Listing:
    """The single-label pictures of RAF-DB: `EmoLabel/list_patition_label.txt` and `Image/aligned/` or `/original/`.

    Raises:
        DataError: the list is missing or broken, or names pictures that are not there.
    """
    base = next((one for one in (folder, folder / "basic") if os.path.isfile(one / RAFDB_LIST)), None)
    if base is None:
        raise DataError(f"{folder} has no {RAFDB_LIST.as_posix()}, the list of RAF-DB's basic set")
    path = base / RAFDB_LIST
    lines = [" ".join(cells).split() for cells in csv_lines(path)]
    lines = [line for line in lines if line]
    wrong = next((number for number, line in enumerate(lines, 1) if len(line) != 2), None)
    if wrong is not None:
        raise DataError(f"{path}, line {wrong}: expected a picture's name and a number 1..7")
    unknown = Counter(code for _, code in lines if code not in RAFDB_LABELS)
    if unknown:
        raise unknown_labels(unknown, path)
    pictures = [
        Listed(
            place, LABELS.index(RAFDB_LABELS[code]), _rafdb_split(path, name), is_crop=place.parent.name != "original"
        )
        for name, code in lines
        for place in [_rafdb_picture(base, name)]
    ]
    return Listing(all_there(pictures, path))


def _rafdb_picture(base: Path, name: str) -> Path:
    stem = Path(name).stem
    aligned = base / "Image" / "aligned"
    tried = (aligned / f"{stem}_aligned.jpg", aligned / "aligned" / f"{stem}_aligned.jpg", aligned / name)
    return next((one for one in tried if os.path.isfile(one)), base / "Image" / "original" / name)


def _rafdb_split(path: Path, name: str) -> str:
    split = split_name(name.split("_")[0])
    if split is None:
        raise DataError(f"{path} names {name[:60]!r}: expected train_... or test_...")
    return split


# --- FERPlus's folders ----------------------------------------------------------------------------------------------


def list_ferplus(folder: Path) -> Listing:
    """The pictures and votes of `FER2013Train/label.csv` and its like, as FERPlus's own script writes them.

    Raises:
        DataError: there are none, or pictures are missing.
    """
    pictures = []
    for split, path in ferplus.label_files(folder).items():
        names, counts = ferplus.read_label_file(path)
        pictures += [
            Listed(path.parent / name, split=split, votes=tuple(row), is_crop=True)
            for name, row in zip(names, counts.tolist(), strict=True)
        ]
    return Listing(all_there(pictures, folder))


def has_ferplus(folder: Path) -> bool:
    """Whether a folder holds one of FERPlus's folders."""
    inside = {plain(one.name) for one in folders_in(folder)}
    return any(
        plain(name) in inside and os.path.isfile(folder / name / "label.csv") for name in ferplus.FOLDERS.values()
    )


def all_there(pictures: list[Listed], source: Path) -> list[Listed]:
    """The same pictures; DataError that names those which are no files."""
    if not pictures:
        raise DataError(f"{source} lists no pictures")
    missing = [one.path for one in pictures if not os.path.isfile(one.path)]  # false too where a name is too long
    if missing:
        raise DataError(
            f"{source}: {len(missing)} of {len(pictures)} pictures are missing: {named(missing[:3])}"
            + (" ..." if len(missing) > 3 else "")
        )
    return pictures
