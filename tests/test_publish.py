"""Published directories are complete or absent, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficdiff.errors import InputError, IntegrityError, OutputError, SimulationError, StoreError
from trafficdiff.publish import (
    is_complete,
    publishing,
    publishing_file,
    read_manifest,
    refuse_unwritable,
    scratch,
    sweep,
    verify,
)
from trafficdiff.writers import this_writer, writer_is_dead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = {"a.txt": b"abc", "deep/er/b.bin": bytes(range(256)) * 40, "deep/empty": b"", "ä.txt": b"\n"}
SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1


def fill(directory: Path) -> None:
    for name, content in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)


def publish(directory: Path, *, work: Callable[[Path], None] = fill) -> None:
    with publishing(directory, kind="run") as temporary:
        work(temporary)


def names(parent: Path) -> list[str]:
    return sorted(path.name for path in parent.iterdir())


def partials(parent: Path) -> list[str]:
    return [name for name in names(parent) if name.endswith(".partial")]


# --- the ordinary way ---------------------------------------------------------------------------------------


def test_a_published_directory_holds_every_file_and_a_sorted_manifest(tmp_path: Path) -> None:
    publish(tmp_path / "new" / "run")
    manifest = verify(tmp_path / "new" / "run", kind="run")
    assert [entry.path for entry in manifest.files] == sorted(FILES)
    assert {entry.path: entry.size for entry in manifest.files} == {name: len(text) for name, text in FILES.items()}
    assert manifest.files[0].sha256 == SHA256_OF_ABC
    assert manifest.total_bytes == sum(map(len, FILES.values()))
    assert names(tmp_path / "new") == ["run"]


def test_the_same_content_has_the_same_manifest(tmp_path: Path) -> None:
    for name in "ab":
        publish(tmp_path / name)
    assert read_manifest(tmp_path / "a") == read_manifest(tmp_path / "b")
    assert read_manifest(tmp_path / "a").sha256 == read_manifest(tmp_path / "b").sha256


def test_nothing_is_visible_before_the_end(tmp_path: Path) -> None:
    with publishing(tmp_path / "run", kind="run") as temporary:
        fill(temporary)
        assert temporary.parent == tmp_path
        assert not (tmp_path / "run").exists()
        assert not is_complete(temporary)
    assert is_complete(tmp_path / "run")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, SimulationError])
def test_an_error_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    def stop(directory: Path) -> None:
        fill(directory)
        raise error

    with pytest.raises(error):
        publish(tmp_path / "run", work=stop)
    assert names(tmp_path) == []


# --- the target ---------------------------------------------------------------------------------------------


def test_a_complete_directory_is_never_replaced(tmp_path: Path) -> None:
    publish(tmp_path / "run")
    with pytest.raises(StoreError, match="found a complete one"):
        publish(tmp_path / "run")
    verify(tmp_path / "run")


def test_a_directory_with_other_content_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("precious")
    with pytest.raises(StoreError, match="other content"):
        publish(tmp_path / "run")
    assert (tmp_path / "run" / "thesis.txt").read_text() == "precious"


def test_a_file_a_mount_point_and_a_loop_of_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="other content"):
        publish(tmp_path / "file")
    with pytest.raises(OutputError, match="mount point"):
        publish(Path("/"))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OutputError, match="choose"):
        publish(tmp_path / "loop" / "run")


def test_an_empty_directory_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    publish(tmp_path / "run")
    assert verify(tmp_path / "run").files


def test_a_parent_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="choose"):
        publish(tmp_path / "file" / "run")
    with pytest.raises(OutputError, match="choose"), publishing_file(tmp_path / "file" / "table"):
        pytest.fail("the work was begun")


def test_a_place_that_a_file_cannot_have_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "loop").symlink_to("loop")
    for place in ("folder", "folder/loop/table", "file/table", "x" * 300, "x" * 300 + "/table"):
        with pytest.raises(OutputError, match=r"choose|name a file"):
            refuse_unwritable(tmp_path / place)
    with pytest.raises(OutputError, match="choose"):
        refuse_unwritable(Path("/proc/table"))
    refuse_unwritable(tmp_path / "file")  # it would be replaced
    refuse_unwritable(tmp_path / "new" / "deep" / "table")
    assert names(tmp_path) == ["file", "folder"]
    assert names(tmp_path / "folder") == ["loop"]


def test_links_and_a_manifest_of_ones_own_are_refused(tmp_path: Path) -> None:
    def misuse(directory: Path) -> None:
        (directory / "manifest.json").touch()
        (directory / "link").symlink_to("/etc/passwd")

    with pytest.raises(StoreError, match=r"(?s)manifest\.json.*link: expected a plain file"):
        publish(tmp_path / "run", work=misuse)
    assert names(tmp_path) == []


def test_the_second_of_two_overlapping_writers_loses_with_a_clear_error(tmp_path: Path) -> None:
    def meanwhile(directory: Path) -> None:
        (directory / "slow").touch()
        publish(tmp_path / "run")

    with pytest.raises(StoreError, match="another writer was first"):
        publish(tmp_path / "run", work=meanwhile)
    assert [entry.path for entry in verify(tmp_path / "run").files] == sorted(FILES)
    assert names(tmp_path) == ["run"]


_RACER = """
import sys
from pathlib import Path
from trafficdiff.errors import StoreError
from trafficdiff.publish import publishing
me = sys.argv[1]
for line in sys.stdin:
    try:
        with publishing(Path(line.strip()), kind="run") as temporary:
            (temporary / "writer").write_text(me)
            (temporary / me).touch()
        print("won", flush=True)
    except StoreError:
        print("lost", flush=True)
"""


def test_of_two_racing_processes_exactly_one_wins_and_its_content_is_there(tmp_path: Path) -> None:
    racers = {
        name: subprocess.Popen(
            [sys.executable, "-c", _RACER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    }
    for turn in range(30):
        run = tmp_path / f"run{turn}"
        if turn % 2:
            run.mkdir()  # an empty directory may be taken over, by one writer only
        for racer in racers.values():
            assert racer.stdin is not None
            racer.stdin.write(f"{run}\n")
            racer.stdin.flush()
        said = {name: racer.stdout.readline().strip() for name, racer in racers.items() if racer.stdout}
        assert sorted(said.values()) == ["lost", "won"]
        winner = next(name for name, word in said.items() if word == "won")
        assert [entry.path for entry in verify(run).files] == [winner, "writer"]
        assert (run / "writer").read_text() == winner
    for racer in racers.values():
        racer.communicate()
    assert partials(tmp_path) == []


# --- kills --------------------------------------------------------------------------------------------------

_KILLED_AT_NTH_FSYNC = """
import os, signal, sys
from pathlib import Path
from trafficdiff.publish import publishing
count, fsync = 0, os.fsync
def counting(descriptor):
    global count
    count += 1
    if count == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)
os.fsync = counting
with publishing(Path(sys.argv[1]), kind="run") as temporary:
    (temporary / "a").write_bytes(b"a" * 1000)
    (temporary / "b").write_bytes(b"b" * 1000)
"""


def test_a_writer_killed_at_any_step_leaves_a_complete_directory_or_none(tmp_path: Path) -> None:
    # fsync: a, b, the folder, the manifest, the folder | rename | the parent
    outcomes = []
    for step in range(1, 8):
        run = tmp_path / f"run{step}"
        ended = subprocess.run([sys.executable, "-c", _KILLED_AT_NTH_FSYNC, str(run), str(step)], check=False)
        outcomes.append((ended.returncode, run.exists()))
        if run.exists():
            verify(run)
    assert outcomes == [(-signal.SIGKILL, False)] * 5 + [(-signal.SIGKILL, True), (0, True)]
    assert len(partials(tmp_path)) <= 1  # each writer sweeps what the one before left
    sweep(tmp_path)
    assert partials(tmp_path) == []


_ENDLESS = """
import itertools, sys
from pathlib import Path
from trafficdiff.publish import publishing
print("ready", flush=True)
for turn in itertools.count():
    with publishing(Path(sys.argv[1]) / f"run{turn}", kind="run") as temporary:
        for place in range(8):
            (temporary / f"folder{place}").mkdir()
            (temporary / f"folder{place}" / "file").write_bytes(bytes(200_000))
"""


def _kill_at_random(folder: Path, *, times: int, seed: int) -> int:
    """Return how many kills fell into the middle of a publication; every directory is checked."""
    generator = random.Random(seed)
    interrupted = 0
    for turn in range(times):
        parent = folder / str(turn)
        parent.mkdir()
        with subprocess.Popen([sys.executable, "-c", _ENDLESS, str(parent)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(generator.uniform(0.0, 0.1))
            writer.kill()
        left = partials(parent)
        interrupted += len(left)
        assert len(left) <= 1
        for run in parent.glob("run*"):
            assert len(verify(run, kind="run").files) == 8
        sweep(parent)
        assert partials(parent) == []
        shutil.rmtree(parent)
    return interrupted


def test_six_random_kills_leave_complete_directories_or_none(tmp_path: Path) -> None:
    assert _kill_at_random(tmp_path, times=6, seed=1) >= 1


@pytest.mark.slow
def test_forty_random_kills_leave_complete_directories_or_none(tmp_path: Path) -> None:
    assert _kill_at_random(tmp_path, times=40, seed=2) >= 10


# --- damage -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("damage") / "run"
    publish(run)
    return run


@contextlib.contextmanager
def damaged(path: Path, content: bytes | None) -> Iterator[None]:
    """Replace a file's content (or delete it) for as long as the block lasts."""
    before = path.read_bytes() if path.exists() else None
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_found_and_its_file_named(published: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["a.txt", "deep/er/b.bin", "ä.txt", "manifest.json"]))
    content = bytearray((published / name).read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << (bit % 8)
    with damaged(published / name, bytes(content)), pytest.raises(IntegrityError, match=name):
        verify(published)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_cut_file_is_found_and_named(published: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["a.txt", "deep/er/b.bin", "ä.txt", "manifest.json"]))
    content = (published / name).read_bytes()
    kept = content[: data.draw(st.integers(0, len(content) - 1))]
    with damaged(published / name, kept), pytest.raises(IntegrityError, match=name):
        verify(published)


def test_every_file_at_fault_is_named_at_once(published: Path) -> None:
    with (
        damaged(published / "a.txt", None),
        damaged(published / "deep/empty", b"1"),
        damaged(published / "ä.txt", b"\r"),
        damaged(published / "deep/extra", b""),
        pytest.raises(IntegrityError) as caught,
    ):
        verify(published)
    for part in ("a.txt: missing", "deep/empty: expected 0 bytes, got 1", "ä.txt: content changed", "deep/extra: not"):
        assert part in str(caught.value)
    verify(published)


def test_what_a_file_browser_drops_is_no_fault(published: Path) -> None:
    before = verify(published)
    with damaged(published / "deep" / ".DS_Store", b"mac"):
        assert verify(published) == before


def test_a_folder_without_manifest_or_of_another_kind_is_refused(published: Path, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="never completed"):
        verify(tmp_path)
    with pytest.raises(IntegrityError, match="expected a published network, found a run"):
        verify(published, kind="network")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "newer trafficdiff"),
        ({"kind": "network"}, "it was changed"),
        ({"files": []}, "it was changed"),
        ({"files": [{"path": "../../etc/passwd", "sha256": "0", "size": 1}]}, "paths inside"),
        ({"files": [{"path": "/etc/passwd", "sha256": "0", "size": 1}]}, "paths inside"),
        ({"files": 3}, "expected a manifest"),
        ({"files": [{"path": "a", "sha256": "0", "size": 1e999}]}, "expected a manifest"),
    ],
)
def test_a_forged_manifest_is_refused(published: Path, change: dict[str, object], message: str) -> None:
    content = json.loads((published / "manifest.json").read_bytes())
    forged = json.dumps({**content, **change}, indent=1).encode() + b"\n"
    with damaged(published / "manifest.json", forged), pytest.raises(IntegrityError, match=message):
        verify(published)


# --- full disks ---------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_and_leaves_nothing(small_disk: Path) -> None:
    def need_too_much(directory: Path) -> None:
        (directory / "fits").write_bytes(bytes(3_000_000))
        (directory / "does not").write_bytes(bytes(3_000_000))

    with pytest.raises(StoreError, match=r"no space left .* after 4\.\d MB; it needs about 8\.\d MB"):
        publish(small_disk / "run", work=need_too_much)
    assert names(small_disk) == []


def test_a_disk_that_is_full_when_the_manifest_is_written_leaves_nothing(small_disk: Path) -> None:
    def use_all(directory: Path) -> None:
        with contextlib.suppress(OSError), (directory / "all of it").open("wb", buffering=0) as sink:
            while sink.write(bytes(4096)):
                pass

    with pytest.raises(StoreError, match="no space left"):
        publish(small_disk / "run", work=use_all)
    assert names(small_disk) == []


def test_a_program_that_ends_strangely_on_a_full_disk_is_reported_as_no_space(small_disk: Path) -> None:
    def fail_on_full_disk(error: Exception) -> None:
        with publishing(small_disk / "run", kind="run") as temporary:
            (temporary / "cut.xml").write_bytes(bytes(3_600_000))
            raise error

    with pytest.raises(StoreError, match="no space left") as caught:
        fail_on_full_disk(SimulationError("expected a closing tag"))
    assert isinstance(caught.value.__cause__, SimulationError)
    with pytest.raises(InputError, match="unknown edge"):
        fail_on_full_disk(InputError("unknown edge"))
    assert names(small_disk) == []


def test_too_little_room_is_refused_before_any_work(small_disk: Path) -> None:
    with (
        pytest.raises(StoreError, match=r"no space left .* needs about 5\.0 MB"),
        publishing(small_disk / "run", kind="run", expected_bytes=5_000_000),
    ):
        pytest.fail("the work was begun")
    assert names(small_disk) == []


def test_a_limit_on_file_size_is_reported_as_no_space(tmp_path: Path) -> None:
    script = f"""
import resource
from pathlib import Path
from trafficdiff.publish import publishing
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.getrlimit(resource.RLIMIT_FSIZE)[1]}))
with publishing(Path({str(tmp_path / "run")!r}), kind="run") as temporary:
    (temporary / "large").write_bytes(bytes(200_000))
"""
    ended = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "StoreError" in ended.stderr
    assert "no space left" in ended.stderr
    assert names(tmp_path) == []


def test_another_system_error_stays_itself(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), publishing(tmp_path / "run", kind="run"):
        raise PermissionError(errno.EACCES, "no")
    assert names(tmp_path) == []


# --- what killed writers leave ------------------------------------------------------------------------------


def _left_behind(parent: Path, writer: str, *, age_s: float = 0.0) -> Path:
    directory = parent / f".run.{writer}-0a1b2c3d.partial"
    directory.mkdir()
    (directory / "file").touch()
    for path in (directory / "file", directory):
        os.utime(path, (time.time() - age_s, time.time() - age_s))
    return directory


def _dead_writer() -> str:
    script = "from trafficdiff.writers import this_writer; print(this_writer())"
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.strip()


def test_only_what_a_dead_writer_left_is_swept(tmp_path: Path) -> None:
    machine, pid, start = this_writer().split("-")
    dead = _left_behind(tmp_path, _dead_writer())
    same_number_later = _left_behind(tmp_path, f"{machine}-{pid}-{int(start) - 1}")
    alive = _left_behind(tmp_path, this_writer(), age_s=1e6)
    elsewhere = _left_behind(tmp_path, f"ffffffff-{pid}-{start}")
    elsewhere_long_ago = _left_behind(tmp_path, "fffffffe-1-1", age_s=90_000)
    mine = tmp_path / ".notes.partial"
    mine.mkdir()
    assert sorted(sweep(tmp_path)) == sorted([dead, same_number_later, elsewhere_long_ago])
    assert sorted(tmp_path.iterdir()) == sorted([alive, elsewhere, mine])
    assert sweep(tmp_path / "not there") == []


_LEAVE_SCRATCH = """
import os, signal
from trafficdiff.publish import scratch
with scratch("run") as folder:
    (folder / "large").touch()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_scratch_folders_go_at_the_end_and_those_of_the_dead_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    killed = subprocess.run(
        [sys.executable, "-c", _LEAVE_SCRATCH], stdout=subprocess.PIPE, check=False, env=environment
    )
    dead = Path(killed.stdout.decode().strip())
    assert (dead / "large").exists()
    (tmp_path / "trafficdiff-run-notes").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch("build") as mine:
        assert not dead.exists()
        assert this_writer() in mine.name
        assert mine.stat().st_mode & 0o077 == 0
        with scratch("run"):
            assert mine.is_dir()
    assert names(tmp_path) == ["trafficdiff-run-notes"]


def test_without_a_place_for_temporary_files_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(StoreError, match="set TMPDIR"), scratch("run"):
        pytest.fail("there is no such place")


def test_a_writer_is_known_to_be_alive_dead_or_elsewhere() -> None:
    assert writer_is_dead(this_writer()) is False
    assert writer_is_dead(_dead_writer()) is True
    assert writer_is_dead("ffffffff-1-1") is None


def test_a_live_writers_directory_survives_another_writer(tmp_path: Path) -> None:
    with publishing(tmp_path / "slow", kind="run") as slow:
        fill(slow)
        publish(tmp_path / "fast")
        assert slow.is_dir()
    verify(tmp_path / "slow")


def test_the_longest_of_names_can_be_published(tmp_path: Path) -> None:
    publish(tmp_path / ("ä" * 127))
    assert verify(tmp_path / ("ä" * 127)).files


# --- single files -------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "trips.rou.xml.gz"
    for content in (b"one", b"two"):
        with publishing_file(target) as temporary:
            assert temporary.name == target.name
            temporary.write_bytes(content)
        assert target.read_bytes() == content
    with pytest.raises(ZeroDivisionError), publishing_file(target) as temporary:
        assert temporary.write_bytes(b"half") // 0
    assert target.read_bytes() == b"two"
    with pytest.raises(StoreError, match="found none"), publishing_file(target):
        pass
    assert names(tmp_path) == [target.name]


def test_a_file_that_cannot_be_put_in_place_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="can be written"), publishing_file(tmp_path / "folder") as temporary:
        temporary.write_bytes(b"a file")
    assert names(tmp_path) == ["folder"]
