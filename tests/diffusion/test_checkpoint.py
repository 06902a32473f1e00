import json
import struct

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tests.diffusion.places import made_scene, tiny_model
from trafficdiff.diffusion.checkpoint import FORMAT, read_checkpoint, write_checkpoint
from trafficdiff.diffusion.weights import digest_of
from trafficdiff.errors import InputError

CARD = {"trained on": ["made 0"], "licences": {"made 0": "CC0"}, "cpu_minutes": 0.1}


@pytest.fixture
def written(tmp_path):
    model, scaling = tiny_model(made_scene())
    path = tmp_path / "model.safetensors"
    digest = write_checkpoint(path, members=[model], scaling=scaling, card=CARD)
    return path, model, scaling, digest


def header_of(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def write_raw(path, header, payload):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + payload)


def with_metadata(path, **changes):
    """Write the same weights with other metadata; None leaves a key out."""
    header, payload = header_of(path)
    metadata = header["__metadata__"] | changes
    header["__metadata__"] = {name: value for name, value in metadata.items() if value is not None}
    write_raw(path, header, payload)


def test_members_come_back_equal_but_for_half_precision(written):
    path, model, scaling, digest = written
    again = read_checkpoint(path)
    (member,) = again.members
    ours, theirs = model.state_dict(), member.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name].half().float(), theirs[name]) for name in ours)
    for name, value in vars(scaling).items():
        np.testing.assert_array_equal(getattr(again.scaling, name), value)
    assert again.card == CARD
    assert again.sha256 == digest
    assert len(digest) == 64
    assert member.denoiser.settings == model.denoiser.settings
    assert not member.training
    assert not any(weight.requires_grad for weight in member.parameters())


def sign(path):
    """Give a file whose header was changed the checksum that fits."""
    with safe_open(path, framework="pt") as file:
        texts, weights = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    with_metadata(path, sha256=digest_of(weights, {name: texts[name] for name in texts if name != "sha256"}))


def test_a_changed_scale_in_the_header_is_found(written):
    path, *_ = written
    content = path.read_bytes()
    start = content.index(b"zone_columns")
    place = next(k for k in range(content.index(b"]", start), len(content)) if content[k : k + 1] in b"123456789")
    path.write_bytes(content[:place] + (b"1" if content[place : place + 1] != b"1" else b"2") + content[place + 1 :])
    with pytest.raises(InputError, match="damaged, fetch it again"):
        read_checkpoint(path)


def test_the_digest_tells_weights_and_cards_apart_and_not_places(written, tmp_path):
    path, model, scaling, digest = written
    other = tmp_path / "deeper" / "other.safetensors"
    assert write_checkpoint(other, members=[model], scaling=scaling, card=CARD) == digest
    assert (
        write_checkpoint(tmp_path / "third.safetensors", members=[model], scaling=scaling, card={"another": "card"})
        != digest
    )
    with torch.no_grad():
        model.denoiser.no_via[0] += 1e-2
    assert write_checkpoint(other, members=[model], scaling=scaling, card=CARD) != digest
    assert read_checkpoint(path).sha256 == digest


def test_a_flipped_bit_is_found_wherever_it_is(written):
    path = written[0]
    whole = path.read_bytes()
    (size,) = struct.unpack("<Q", whole[:8])
    for place in np.linspace(8 + size, len(whole) - 1, 12).astype(int):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"damaged, fetch it again|finite"):
            read_checkpoint(path)
    path.write_bytes(whole)
    read_checkpoint(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_neither_written_nor_read(written, tmp_path, value):
    path, model, scaling, _ = written
    header, _ = header_of(path)
    weights = load_file(path)
    name = sorted(weights)[3]
    weights[name].view(-1)[0] = value
    save_file(weights, path, metadata=header["__metadata__"])
    with pytest.raises(InputError, match=f"NaN or infinity in {name}"):
        read_checkpoint(path)
    with torch.no_grad():
        model.denoiser.hidden[0, 0] = value
    target = tmp_path / "new" / "broken.safetensors"
    with pytest.raises(InputError, match="train again"):
        write_checkpoint(target, members=[model], scaling=scaling, card=CARD)
    assert not target.exists()
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == ["model.safetensors"]


def test_a_failed_write_leaves_the_old_file_as_it_was(written):
    path, model, scaling, _ = written
    before = path.read_bytes()
    with torch.no_grad():
        model.denoiser.hidden[0, 0] = float("nan")
    with pytest.raises(InputError):
        write_checkpoint(path, members=[model], scaling=scaling, card=CARD)
    with pytest.raises(TypeError):
        write_checkpoint(path, members=[tiny_model(made_scene())[0]], scaling=scaling, card={"not json": object()})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_pickle_is_refused_and_never_run(tmp_path):
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (marker.touch, ())

    path = tmp_path / "model.pt"
    torch.save({"weights": Evil()}, path)
    with pytest.raises(InputError, match=r"pickles .* are not opened"):
        read_checkpoint(path)
    assert not marker.exists()


def test_truncated_empty_and_missing_files_are_refused(written, tmp_path):
    path = written[0]
    whole = path.read_bytes()
    for length in (0, 4, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"expected a checkpoint \(.safetensors\), got something else"):
            read_checkpoint(path)
    with pytest.raises(InputError, match="train one or give another path"):
        read_checkpoint(tmp_path / "nowhere.safetensors")
    with pytest.raises(InputError, match="train one or give another path"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["format", "network", "scaling", "card", "sha256"])
def test_missing_metadata_is_named(written, name):
    path = written[0]
    with_metadata(path, **{name: None})
    with pytest.raises(InputError, match=f"missing {name}"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "trafficdiff demand model 99"}, f"expected format {FORMAT!r}"),
        ({"network": "{not json"}, "do not fit together"),
        ({"network": '{"width": 32, "heads": 2}'}, "do not fit together"),
        ({"scaling": "{}"}, "do not fit together"),
        ({"sha256": "0" * 64}, "fetch it again"),
    ],
)
def test_metadata_that_does_not_fit_is_refused_with_advice(written, changes, said):
    path = written[0]
    with_metadata(path, **changes)
    if "sha256" not in changes:
        sign(path)
    with pytest.raises(InputError, match=said):
        read_checkpoint(path)


def test_weights_of_something_else_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.ones(3)}, path)
    with pytest.raises(InputError, match="missing format, network, scaling, card, sha256"):
        read_checkpoint(path)


def test_a_committee_keeps_its_members_apart_and_in_order(tmp_path):
    scene = made_scene()
    models, scaling = zip(*(tiny_model(scene, seed=seed) for seed in range(12)), strict=True)
    path = tmp_path / "committee.safetensors"
    write_checkpoint(path, members=models, scaling=scaling[0], card=CARD)
    again = read_checkpoint(path).members
    assert len(again) == 12
    for ours, theirs in zip(models, again, strict=True):
        assert torch.equal(ours.denoiser.hidden.half().float(), theirs.denoiser.hidden)
    weights = load_file(path)
    header, _ = header_of(path)
    save_file({name: value for name, value in weights.items() if not name.startswith("3.")}, path,
              metadata=header["__metadata__"])  # fmt: skip
    sign(path)
    with pytest.raises(InputError, match="do not fit together"):
        read_checkpoint(path)
