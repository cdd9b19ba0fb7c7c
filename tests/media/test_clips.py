"""from __future__ import annotations"""

from __future__ import annotations

import gc
import os
import weakref
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clip_files import HEIGHT, STEP, WIDTH, make_clip, make_sound, number_of

from mien.errors import SourceError
from mien.media.sources import SourceOptions, open_source


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")


@pytest.mark.parametrize(
    ("ending", "codec"),
    [
        ("mp4", "libx264"),
        ("mkv", "libx264"),
        ("mov", "mpeg4"),
        ("avi", "mpeg4"),
        ("webm", "libvpx"),
        ("ts", "libx264"),
        ("mpg", "mpeg1video"),
        ("flv", "flv1"),
        ("y4m", "rawvideo"),
    ],
)
def test_every_frame_of_every_container(tmp_path: Path, ending: str, codec: str) -> None:
    path = tmp_path / f"clip.{ending}"
    fps = 25 if ending == "mpg" else 10
    make_clip(path, 12, fps=fps, codec=codec, format="yuv4mpegpipe" if ending == "y4m" else None)
    with open_source(path) as source:
        assert source.is_stream and not source.is_live and source.path == path and source.name == str(path)
        assert source.fps == pytest.approx(fps)
        frames = list(source)
    assert [number_of(frame.image) for frame in frames] == list(range(12))
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.time_s for frame in frames] == pytest.approx([n / fps for n in range(12)], abs=0.011)
    assert all(frame.image.shape == (HEIGHT, WIDTH, 3) for frame in frames)
    assert source.warnings == []


def test_odd_frame_rate_and_what_is_known_before(tmp_path: Path) -> None:
    make_clip(tmp_path / "c.mp4", 12, fps=Fraction(30000, 1001))
    with open_source(str(tmp_path / "c.mp4")) as source:
        assert source.fps == pytest.approx(29.97, abs=0.01)
        assert source.frame_count == 12
        assert source.duration_s == pytest.approx(12 * 1.001 / 30, abs=0.01)
        assert list(source)[11].time_s == pytest.approx(11 * 1.001 / 30, abs=1e-3)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_variable_frame_rate_keeps_true_times(tmp_path: Path, ending: str) -> None:
    times = [0, 40, 50, 500, 510, 2000]
    make_clip(tmp_path / f"c.{ending}", 6, times=times)
    with open_source(tmp_path / f"c.{ending}") as source:
        assert [frame.time_s for frame in source] == pytest.approx([t / 1000 for t in times], abs=0.002)


def test_a_clip_that_begins_late_begins_at_zero(tmp_path: Path) -> None:
    make_clip(tmp_path / "c.ts", 4, times=[5000, 5100, 5200, 5300])
    with open_source(tmp_path / "c.ts") as source:
        assert [frame.time_s for frame in source] == pytest.approx([0, 0.1, 0.2, 0.3], abs=0.002)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_rotation_metadata_is_honoured_as_opencv_does(tmp_path: Path, degrees: int) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32], picture[:24, 32:], picture[24:, :32] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    make_clip(tmp_path / "c.mp4", 2, rotation=degrees, picture=picture)
    capture = cv2.VideoCapture(str(tmp_path / "c.mp4"))
    _, expected = capture.read()
    capture.release()
    with open_source(tmp_path / "c.mp4") as source:
        image = next(iter(source)).image
    assert image.shape == (expected.shape[0], expected.shape[1], 3)
    assert image.shape[:2] == ((48, 64) if degrees in (0, 180) else (64, 48))
    assert np.abs(image.astype(int) - expected[..., ::-1]).mean() < 8


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    make_clip(tmp_path / "c.mkv", 2, aspect=Fraction(4, 3), size=(60, 48))
    with open_source(tmp_path / "c.mkv") as source:
        assert next(iter(source)).image.shape == (48, 80, 3)


def test_odd_sizes(tmp_path: Path) -> None:
    make_clip(tmp_path / "c.mkv", 2, codec="ffv1", size=(37, 23))
    with open_source(tmp_path / "c.mkv") as source:
        image = next(iter(source)).image
    assert image.shape == (23, 37, 3) and image.flags["C_CONTIGUOUS"]


def test_every_nth(tmp_path: Path) -> None:
    make_clip(tmp_path / "c.mp4", 11)
    with open_source(tmp_path / "c.mp4", SourceOptions(every=4)) as source:
        assert source.frame_count == 3 and source.fps == pytest.approx(2.5)
        frames = list(source)
    assert [frame.index for frame in frames] == [0, 4, 8]
    assert [number_of(frame.image) for frame in frames] == [0, 4, 8]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.4, 0.8], abs=1e-3)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("gop", [5, 100])
def test_start_and_end(tmp_path: Path, ending: str, gop: int) -> None:
    path = tmp_path / f"c.{ending}"
    make_clip(path, 30, codec="mpeg4" if ending == "avi" else "libx264", gop=gop)
    with open_source(path, SourceOptions(start_s=1.25, end_s=2.0)) as source:
        assert source.frame_count == 8 and source.duration_s == pytest.approx(0.75)
        frames = list(source)
    assert [number_of(frame.image) for frame in frames] == [13, 14, 15, 16, 17, 18, 19]
    assert [frame.index for frame in frames] == [13, 14, 15, 16, 17, 18, 19]


def test_start_jumps_instead_of_decoding_all(tmp_path: Path) -> None:
    """Everything before the last key frames is made unreadable: who decodes it gets warnings."""
    path = tmp_path / "c.mkv"
    make_clip(path, 300, gop=10, size=(320, 240))
    data = bytearray(path.read_bytes())
    middle = slice(len(data) // 4, len(data) // 3)
    data[middle] = bytes(len(data[middle]))
    path.write_bytes(data)
    with open_source(path, SourceOptions(start_s=29.0)) as source:
        assert len(list(source)) == 10
    assert source.warnings == []


@pytest.mark.parametrize("start_s", [50, 1e300])
def test_start_behind_the_end(tmp_path: Path, start_s: float) -> None:
    make_clip(tmp_path / "c.mp4", 10)
    with pytest.raises(SourceError, match=r"asked for: it is 1\.0 s long"):
        list(open_source(tmp_path / "c.mp4", SourceOptions(start_s=start_s)))


def test_still_is_the_first_frame(tmp_path: Path) -> None:
    make_clip(tmp_path / "c.mp4", 10)
    with open_source(tmp_path / "c.mp4", SourceOptions(still=True)) as source:
        assert not source.is_stream and source.frame_count == 1
        assert [number_of(frame.image) for frame in source] == [0]


def test_sound_alone(tmp_path: Path) -> None:
    make_sound(tmp_path / "song.m4a")
    with pytest.raises(SourceError, match="only sound"):
        open_source(tmp_path / "song.m4a")


def test_too_large_is_refused_before_decoding(tmp_path: Path) -> None:
    make_clip(tmp_path / "c.mp4", 2)
    with pytest.raises(SourceError, match=r"64 x 48.*more than 3,071 pixels.*--max-pixels"):
        open_source(tmp_path / "c.mp4", SourceOptions(max_pixels=WIDTH * HEIGHT - 1))
    for enough in (WIDTH * HEIGHT, 3_000_000_000, 10**30):
        with open_source(tmp_path / "c.mp4", SourceOptions(max_pixels=enough)) as source:
            assert len(list(source)) == 2


class TestPlaylists:
    """A file that names other files must not make the program read them."""

    PLAYLISTS = {  # noqa: RUF012
        "ffconcat": "ffconcat version 1.0\nfile secret.ts\n",
        "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\nsecret.ts\n#EXT-X-ENDLIST\n",
    }

    @pytest.mark.parametrize("kind", PLAYLISTS)
    @pytest.mark.parametrize("name", ["cat.mp4", "cat.txt", "list.m3u8", "cat.jpg"])
    @needs_proc
    def test_refused(self, tmp_path: Path, kind: str, name: str) -> None:
        make_clip(tmp_path / "secret.ts", 3)
        (tmp_path / name).write_text(self.PLAYLISTS[kind])
        # An unread FIFO blocks its opener for ever: this test would not end if the named file were touched.
        (tmp_path / "secret.ts").unlink()
        os.mkfifo(tmp_path / "secret.ts")
        with pytest.raises(SourceError, match=r"playlist.*--allow-playlists"):
            open_source(tmp_path / name)
        with pytest.raises(SourceError, match="playlist"):
            open_source((tmp_path / name).read_bytes())

    @pytest.mark.parametrize("kind", PLAYLISTS)
    def test_read_when_asked(self, tmp_path: Path, kind: str) -> None:
        make_clip(tmp_path / "secret.ts", 3)
        path = tmp_path / ("list.m3u8" if kind == "hls" else "cat.mp4")
        path.write_text(self.PLAYLISTS[kind])
        with open_source(path, SourceOptions(allow_playlists=True)) as source:
            assert len(list(source)) == 3
        (tmp_path / "secret.ts").unlink()
        with pytest.raises(SourceError, match="what it names cannot be read"):
            open_source(path, SourceOptions(allow_playlists=True))

    def test_a_name_is_only_a_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_clip(tmp_path / "a.ts", 3)
        monkeypatch.chdir(tmp_path)
        for text in ("concat:a.ts|a.ts", "subfile,,start,0,end,0,,:a.ts", "crypto:a.ts"):
            with pytest.raises(SourceError, match="there is no file"):
                open_source(text)

    @pytest.mark.parametrize(
        "address", ["concat://a", "data://text", "pipe://0", "ftp://x/y", "unix://x", "gopher://x"]
    )
    def test_addresses_of_other_kinds(self, address: str) -> None:
        with pytest.raises(SourceError, match="are not read"):
            open_source(address)


def test_network_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(SourceError, match="cannot be read from the network") as caught:
        open_source("tcp://127.0.0.1:9")  # 'discard': nobody listens there
    assert "\n" not in str(caught.value)


@needs_proc
class TestClosing:
    def test_read_to_the_end(self, tmp_path: Path) -> None:
        make_clip(tmp_path / "c.mp4", 4)
        before = open_files()
        source = open_source(tmp_path / "c.mp4")
        assert open_files() > before
        list(source)
        assert open_files() == before

    def test_consumer_stops_early(self, tmp_path: Path) -> None:
        make_clip(tmp_path / "c.mp4", 4)
        before = open_files()
        for _ in open_source(tmp_path / "c.mp4"):
            break
        assert open_files() == before

    def test_consumer_raises(self, tmp_path: Path) -> None:
        make_clip(tmp_path / "c.mp4", 4)
        before = open_files()
        with pytest.raises(ZeroDivisionError), open_source(tmp_path / "c.mp4") as source:
            for frame in source:
                frame.index / 0
        assert open_files() == before

    def test_never_iterated(self, tmp_path: Path) -> None:
        make_clip(tmp_path / "c.mp4", 4)
        before = open_files()
        open_source(tmp_path / "c.mp4")
        assert open_files() == before

    def test_closed_in_the_middle_ends(self, tmp_path: Path) -> None:
        make_clip(tmp_path / "c.mp4", 20)
        before = open_files()
        source = open_source(tmp_path / "c.mp4")
        count = 0
        for _ in source:
            source.close()
            count += 1
        assert count == 1 and open_files() == before

    def test_refused_files_are_closed_too(self, tmp_path: Path) -> None:
        make_sound(tmp_path / "song.m4a")
        (tmp_path / "text.mp4").write_text("no clip at all\n" * 100)
        before = open_files()
        for name in ("song.m4a", "text.mp4"):
            with pytest.raises(SourceError):
                open_source(tmp_path / name)
        assert open_files() == before


def test_frames_are_not_kept(tmp_path: Path) -> None:
    make_clip(tmp_path / "c.mp4", 20)
    alive: list[weakref.ref[np.ndarray]] = []
    for frame in open_source(tmp_path / "c.mp4"):
        alive.append(weakref.ref(frame.image))
        del frame
        assert sum(ref() is not None for ref in alive) <= 1


def test_skipped_frames_are_never_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mien import images

    make_clip(tmp_path / "c.mp4", 20)
    asked: list[object] = []
    convert = images.video_pixels
    monkeypatch.setattr(images, "video_pixels", lambda *given: asked.append(given) or convert(*given))
    assert len(list(open_source(tmp_path / "c.mp4", SourceOptions(every=10)))) == len(asked) == 2


def test_colours_survive(tmp_path: Path) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:] = (200, 80, 40)
    make_clip(tmp_path / "c.mkv", 2, picture=picture)
    image = next(iter(open_source(tmp_path / "c.mkv"))).image
    assert np.abs(image.reshape(-1, 3).mean(0) - (200, 80, 40)).max() < STEP


def test_no_library_speaks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.mp4"
    make_clip(path, 60, options={"movflags": "faststart"}, size=(320, 240))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    capfd.readouterr()  # the encoder's own greeting
    av.logging.set_level(av.logging.VERBOSE)
    list(open_source(path))
    with pytest.raises(SourceError):
        open_source(b"RIFF" + bytes(1000))
    assert capfd.readouterr() == ("", "")


def test_shared_clip(shared_media: Path) -> None:
    with open_source(shared_media / "videos" / "again.mkv", SourceOptions(every=30)) as source:
        assert source.fps == pytest.approx(1, abs=0.02)
        frames = list(source)
    assert len(frames) == pytest.approx(source.frame_count or 0, abs=1)
    assert all(frame.image.shape == (480, 640, 3) for frame in frames)
    assert [frame.index for frame in frames] == [30 * n for n in range(len(frames))]
