"""`mien read`: every input and output, together and alone; stopped in the middle."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from small_models import copy_of_default

jsonschema = pytest.importorskip("jsonschema")
ROOT = Path(__file__).resolve().parents[2]


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def first_frame(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


# --- what is said -----------------------------------------------------------------------------------------------------


def test_the_tone_alone(mien, astronaut: Path, tmp_path: Path) -> None:
    ended = mien("read", astronaut, "--tone", "--csv", tmp_path / "t.csv", "--annotate", tmp_path / "t.png")
    assert ended.code == 0 and ended.err == ""
    assert "One person: looks positive, about" in ended.out and "happy" not in ended.out
    (row,) = rows_of(tmp_path / "t.csv")  # files hold all that was read
    assert row["label"] == "happy" and row["tone"] == "positive" and float(row["tone_confidence"]) > 0.9
    mien("read", astronaut, "--annotate", tmp_path / "w.png")
    assert (tmp_path / "w.png").read_bytes() != (tmp_path / "t.png").read_bytes()
    assert "sieht positiv aus" in mien("read", astronaut, "--tone", "--language", "de").out


def test_the_tone_of_a_model_that_has_none(mien, astronaut: Path, tmp_path: Path) -> None:
    folder = copy_of_default(tmp_path / "model", tone=None)
    mien("read", astronaut, "--tone", "--model", folder).fails(2, "knows no tone", "mien calibrate")
    ended = mien("read", astronaut, "--model", folder, "--json", "-", "--quiet")
    assert ended.code == 0 and ended.readings[0]["faces"][0]["expression"]["tone"] is None


def test_a_photo_is_read_in_words(mien, astronaut: Path) -> None:
    ended = mien("read", astronaut)
    assert ended.code == 0 and ended.err == ""
    assert "astronaut.jpg  512 x 512" in ended.out
    assert "One person: looks happy" in ended.out


def test_a_photo_is_read_in_another_language(mien, astronaut: Path, tmp_path: Path) -> None:
    ended = mien("read", astronaut, "--language", "es", "--annotate", tmp_path / "es.png")
    assert ended.code == 0 and ended.err == ""
    assert "Una persona: cara de alegría" in ended.out and "alegría 10" in ended.out
    mien("read", astronaut, "--annotate", tmp_path / "en.png")
    spanish, english = (np.asarray(Image.open(tmp_path / name)) for name in ("es.png", "en.png"))
    assert (spanish != english).any()


def test_json_is_the_same_in_every_language(mien, astronaut: Path) -> None:
    spoken = [mien("read", astronaut, "-q", "--json", "-", "--language", code).readings[0] for code in ("en", "ar")]
    assert spoken[0]["faces"] == spoken[1]["faces"]


def test_a_clip_is_summed_up_in_another_language(mien, clip: Path) -> None:
    ended = mien("read", clip, "--language", "fr-CA")
    assert "8 images" in ended.out and "joie" in ended.out


def test_an_unknown_language_lists_the_choices(mien, astronaut: Path) -> None:
    mien("read", astronaut, "--language", "tlh").fails(2, "no words in the language 'tlh'", "choose from en, ar, de")


def test_lines_fit_eighty_columns_in_a_terminal_and_sentences_are_whole_in_a_pipe(mien, astronaut, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = mien("read", astronaut).out.splitlines()
    assert all(len(line) <= 80 for line in said[1:])  # the first is a path
    assert sum("people would say so" in line for line in said) == 1


def test_a_picture_without_a_face_is_no_error(mien, tmp_path: Path) -> None:
    Image.new("RGB", (120, 90), "gray").save(tmp_path / "grey.png")
    ended = mien("read", tmp_path / "grey.png")
    assert ended.code == 0 and "No face found." in ended.out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_is_shown_as_it_is(mien, astronaut: Path, clip: Path, tmp_path: Path) -> None:
    for file in (astronaut, clip):
        shutil.copy(file, tmp_path / f"a:heart:b{file.suffix}")
        assert f"a:heart:b{file.suffix}  " in mien("read", tmp_path / f"a:heart:b{file.suffix}").out


def test_a_clip_is_summed_up(mien, clip: Path) -> None:
    ended = mien("read", clip)
    assert ended.code == 0 and ended.err == ""
    assert "clip.mp4  8 frames" in ended.out and "#1" in ended.out


def test_quiet_says_nothing(mien, astronaut: Path, clip: Path) -> None:
    ended = mien("read", astronaut, clip, "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


# --- outputs ----------------------------------------------------------------------------------------------------------


def test_json_stands_alone_on_standard_output_and_keeps_to_the_schema(mien, clip: Path) -> None:
    ended = mien("read", clip, "--json", "-")
    schema = json.loads((ROOT / "docs" / "reading.schema.json").read_text())
    assert len(ended.readings) == 8
    for reading in ended.readings:
        jsonschema.validate(reading, schema)
    assert [reading["index"] for reading in ended.readings] == list(range(8))
    assert "8 frames" in ended.err  # people's words go where JSON is not


def test_mesh_adds_the_points(mien, astronaut: Path) -> None:
    bare, full = (mien("read", astronaut, "-q", "--json", "-", *extra).readings[0] for extra in ([], ["--mesh"]))
    assert "mesh" not in bare["faces"][0]
    assert len(full["faces"][0]["mesh"]) == 468 and len(full["faces"][0]["keypoints"]) == 6


def test_body_adds_the_bodies_and_their_skeletons(mien, clip: Path, tmp_path: Path) -> None:
    options = ["-q", "--json", "-", "--annotate", tmp_path / "bodies.mp4", "--end", 0.25]
    readings = mien("read", clip, "--body", *options).readings
    schema = json.loads((ROOT / "docs" / "reading.schema.json").read_text())
    assert len(readings) == frames_of(tmp_path / "bodies.mp4") == 3
    for reading in readings:
        jsonschema.validate(reading, schema)
        assert [pose["track_id"] for pose in reading["poses"]] == [face["track_id"] for face in reading["faces"]] == [1]
    (pose,) = readings[0]["poses"]
    (x, y), shown = np.mean([pose["keypoints"][number][:2] for number in (11, 12)], axis=0).astype(int), []
    for path in (clip, tmp_path / "bodies.mp4"):
        shown.append(first_frame(path)[y - 3 : y + 4, x - 3 : x + 4].astype(int))
    assert np.abs(shown[0] - shown[1]).max() > 60  # a line runs between the shoulders


def test_body_marks_a_photo_too(mien, astronaut: Path, tmp_path: Path) -> None:
    (reading,) = mien("read", astronaut, "-q", "--body", "--json", "-", "--annotate", tmp_path / "a.png").readings
    (pose,) = reading["poses"]
    assert pose["track_id"] is None and len(pose["keypoints"]) == 33
    drawn, plain = (np.asarray(Image.open(path).convert("RGB")) for path in (tmp_path / "a.png", astronaut))
    x, y = np.mean([pose["keypoints"][11][:2], pose["keypoints"][12][:2]], axis=0).astype(int)
    assert (drawn[y, x] != plain[y, x]).any()


def test_all_outputs_at_once_tell_the_same(mien, clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    names = [tmp_path / name for name in ("o.jsonl", "o.csv", "o.parquet", "o.mp4")]
    options = [
        part for pair in zip(("--json", "--csv", "--parquet", "--annotate"), names, strict=True) for part in pair
    ]
    assert mien("read", clip, "-q", *options).code == 0
    readings = [json.loads(line) for line in names[0].read_text().splitlines()]
    rows, table = rows_of(names[1]), parquet.read_table(names[2]).to_pylist()
    faces = [(reading["index"], face) for reading in readings for face in reading["faces"]]
    assert len(faces) == len(rows) == len(table) >= 6
    for (index, face), row, line in zip(faces, rows, table, strict=True):
        assert index == int(row["index"]) == line["index"]
        assert face["expression"]["label"] == row["label"] == line["label"]
        assert face["track_id"] == int(row["track_id"]) == line["track_id"]
    assert frames_of(names[3]) == len(readings) == 8
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in names)


def test_every_start_and_end_choose_frames(mien, clip: Path) -> None:
    ended = mien("read", clip, "-q", "--json", "-", "--every", 2, "--start", 0.2, "--end", 0.65)
    assert [reading["time_s"] for reading in ended.readings] == pytest.approx([0.2, 0.4, 0.6], abs=0.001)


def test_an_annotated_photo_shows_the_box_and_leaves_the_rest(mien, astronaut: Path, tmp_path: Path) -> None:
    assert mien("read", astronaut, "-q", "--annotate", tmp_path / "a.png").code == 0
    drawn, plain = (np.asarray(Image.open(path).convert("RGB")) for path in (tmp_path / "a.png", astronaut))
    assert drawn.shape == plain.shape
    assert 0.001 < (drawn != plain).any(axis=2).mean() < 0.2


def test_many_inputs_are_annotated_into_a_folder(mien, astronaut: Path, clip: Path, tmp_path: Path) -> None:
    assert mien("read", astronaut, clip, "-q", "--end", 0.15, "--annotate", tmp_path / "out").code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["astronaut.jpg", "clip.mp4"]


def test_a_folder_may_be_annotated_into_itself(mien, astronaut: Path, tmp_path: Path) -> None:
    Image.open(astronaut).save(tmp_path / "p.bmp")
    Image.new("RGB", (60, 40), "green").save(tmp_path / "p.png")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    ended = mien("read", tmp_path, "-q", "--annotate", tmp_path, "--json", "-")
    assert ended.code == 0 and [len(reading["faces"]) for reading in ended.readings] == [1, 0]
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p-2.png", "p-3.png", "p.bmp", "p.png"]


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_a_folder_and_a_pattern_are_read_file_by_file(mien, astronaut: Path, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    picture = Image.open(astronaut).resize((256, 256))
    for name in ("b.png", "a.jpg", "deep/c.webp"):
        picture.save(tmp_path / name)
    everything = [Path(reading["source"]).name for reading in mien("read", tmp_path, "-q", "--json", "-").readings]
    assert everything == ["a.jpg", "b.png", "c.webp"]
    assert len(mien("read", tmp_path / "*.png", "-q", "--json", "-").readings) == 1


def test_a_folder_with_a_number_for_a_name_is_a_folder(mien, astronaut: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "2024").mkdir()
    (tmp_path / "2024" / "0012").write_bytes(astronaut.read_bytes())
    (tmp_path / "2024" / "a.jpg").write_bytes(astronaut.read_bytes())
    monkeypatch.chdir(tmp_path)
    (reading,) = mien("read", "2024", "-q", "--json", "-").readings
    assert Path(reading["source"]) == Path("2024/a.jpg")
    monkeypatch.chdir("2024")
    assert [reading["source"] for reading in mien("read", "00*", "-q", "--json", "-").readings] == ["0012"]


def test_an_animation_is_a_clip_and_with_still_a_picture(mien, astronaut: Path, tmp_path: Path) -> None:
    first, *others = [Image.open(astronaut).resize((side, side)).resize((200, 200)) for side in (200, 190, 180)]
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=100)
    assert len(mien("read", tmp_path / "a.gif", "-q", "--json", "-").readings) == 3
    assert len(mien("read", tmp_path / "a.gif", "-q", "--json", "-", "--still").readings) == 1


def test_a_photo_comes_through_standard_input(mien, astronaut: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(astronaut.read_bytes())))
    (reading,) = mien("read", "-", "-q", "--json", "-").readings
    assert reading["source"] == "standard input" and len(reading["faces"]) == 1


def test_haar_reads_photos_and_clips_too(mien, astronaut: Path, clip: Path) -> None:
    ended = mien("read", astronaut, clip, "-q", "--json", "-", "--detector", "haar", "--end", 0.25)
    assert ended.code == 0 and len(ended.readings) == 4
    assert all(reading["models"]["detector"] == "haar" for reading in ended.readings)
    assert ended.readings[0]["faces"]


def test_people_of_two_clips_are_not_mixed(mien, clip: Path) -> None:
    readings = mien("read", clip, clip, "-q", "--json", "-").readings
    assert {face["track_id"] for reading in readings for face in reading["faces"]} == {1}


# --- stopped in the middle --------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)])
def test_a_stop_completes_all_outputs_at_the_same_frame(start, long_clip: Path, tmp_path: Path, number) -> None:
    table, film = tmp_path / "o.csv", tmp_path / "o.mp4"
    process = start("read", long_clip, "--json", "-", "--csv", table, "--annotate", film)
    first = [process.stdout.readline() for _ in range(4)]
    process.send_signal(number)
    rest, err = process.communicate()
    readings = [json.loads(line) for line in (*first, *rest.splitlines())]
    assert process.returncode == 130
    assert "stopped" in err and "Traceback" not in err
    assert 4 <= len(readings) < 300
    assert frames_of(film) == len(readings)
    assert len(rows_of(table)) == sum(len(reading["faces"]) for reading in readings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.csv", "o.mp4"]


def test_a_reader_that_hangs_up_is_no_error(start, long_clip: Path, tmp_path: Path) -> None:
    process = start("read", long_clip, "--json", "-", "--csv", tmp_path / "o.csv")
    assert process.stdout.readline().startswith("{")
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate()
    assert process.returncode == 0 and err == ""
    assert rows_of(tmp_path / "o.csv")
