"""Write an AV scene as ASAM OSI ground truth (3.8) in an MCAP file with its OpenDRIVE map: an omega-prime recording.

One ``osi3.GroundTruth`` a moment on the topic ``ground_truth``, and one map on ``ground_truth_map``. Positions are the
middles of boxes, half their height above the road. Each lamp of a signal is a traffic light of its own, as OSI has it.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.osi_messages import interface_version, osi, protobuf_version
from trafficdiff.export.osi_objects import Movers
from trafficdiff.export.osi_world import Lamps, conditions

if TYPE_CHECKING:
    from trafficdiff.export.scene_view import SceneView

__all__ = ["make_osi_recording"]

_TOPIC: Final = "ground_truth"
_MAP_TOPIC: Final = "ground_truth_map"


def make_osi_recording(view: SceneView, *, map_content: bytes) -> bytes:
    """Return a scene as an MCAP file of OSI ground truth.

    Parameters
    ----------
    view
        The scene, checked.
    map_content
        Its map as OpenDRIVE.

    Raises
    ------
    MissingDependencyError
        If osi-python is not installed.
    """
    stream = BytesIO()
    writer = osi().Writer(stream)
    writer.start(library="trafficdiff")
    writer.add_metadata("net.asam.osi.trace", _trace_metadata(view))
    schema = writer.register_schema(
        name="osi3.GroundTruth",
        encoding="protobuf",
        data=osi().build_file_descriptor_set(osi().GroundTruth).SerializeToString(),
    )
    channel = _register(writer, schema, _TOPIC, "ground truth of a synthetic scene")
    for moment, (nanos, truth) in enumerate(_frames(view)):
        writer.add_message(channel_id=channel, log_time=nanos, publish_time=nanos, sequence=moment, data=truth)
    _add_map(writer, view, map_content)
    writer.finish()
    return stream.getvalue()


def _register(writer: Any, schema: int, topic: str, description: str) -> int:
    facts = {
        "net.asam.osi.trace.channel.osi_version": ".".join(map(str, interface_version())),
        "net.asam.osi.trace.channel.protobuf_version": protobuf_version(),
        "net.asam.osi.trace.channel.description": description,
    }
    return int(writer.register_channel(topic=topic, message_encoding="protobuf", schema_id=schema, metadata=facts))


def _trace_metadata(view: SceneView) -> dict[str, str]:
    """Return who made the recording and from what (ASAM OSI 3.8, multi-channel trace file format)."""
    version = ".".join(map(str, interface_version()))
    facts = {"synthetic": "true", "ego": view.scene.ego, **view.scene.provenance}
    return {
        "version": version, "min_osi_version": version, "max_osi_version": version,
        "min_protobuf_version": protobuf_version(), "max_protobuf_version": protobuf_version(),
        "zero_time": view.moment.isoformat(timespec="seconds"),
        "description": f"{view.scene.name}: " + "; ".join(f"{name}: {value}" for name, value in facts.items()),
        "authors": "trafficdiff", "data_sources": ", ".join(view.scene.tags) or "trafficdiff",
    }  # fmt: skip


def _frames(view: SceneView) -> Any:
    """Yield time [ns since the beginning] and serialised ground truth of each moment with somebody in it."""
    movers, lamps = Movers(view), Lamps(view)
    common = osi().GroundTruth(map_reference=f"{view.scene.name}.xodr", host_vehicle_id={"value": view.scene.ego_place})
    major, minor, patch = interface_version()
    common.version.version_major, common.version.version_minor, common.version.version_patch = major, minor, patch
    if view.lonlat is not None:
        common.proj_string = view.shapes.projection
        east, north = view.shapes.net_offset
        common.proj_frame_offset.position.x, common.proj_frame_offset.position.y = -east, -north
    common.environmental_conditions.CopyFrom(conditions(view))
    millis = np.round(view.clock_s * 1000).astype(np.int64)
    order = np.argsort(millis, kind="stable")
    moments, starts = np.unique(millis[order], return_index=True)
    for milli, rows in zip(moments.tolist(), np.split(order, starts[1:]), strict=True):
        truth = osi().GroundTruth()
        truth.CopyFrom(common)
        truth.timestamp.seconds, truth.timestamp.nanos = milli // 1000, milli % 1000 * 1_000_000
        movers.fill(truth, rows)
        truth.MergeFrom(lamps.at(milli / 1000))
        yield milli * 1_000_000, truth.SerializeToString(deterministic=True)


def _add_map(writer: Any, view: SceneView, content: bytes) -> None:
    """Add the map as omega-prime has it: a message of a name and the OpenDRIVE text."""
    kind = osi().FieldDescriptorProto
    file = osi().FileDescriptorProto(name="osi_mapasamopendrive.proto", package="osi3", syntax="proto2")
    message = file.message_type.add(name="MapAsamOpenDrive")
    for number, name in enumerate(("map_reference", "open_drive_xml_content"), start=1):
        message.field.add(name=name, number=number, label=kind.LABEL_OPTIONAL, type=kind.TYPE_STRING)
    pool = osi().DescriptorPool()
    pool.Add(file)
    made = osi().GetMessageClass(pool.FindMessageTypeByName("osi3.MapAsamOpenDrive"))(
        map_reference=f"{view.scene.name}.xodr", open_drive_xml_content=content.decode()
    )
    described = osi().FileDescriptorSet(file=[file]).SerializeToString()
    schema = writer.register_schema(name="osi3.MapAsamOpenDrive", encoding="protobuf", data=described)
    channel = _register(writer, schema, _MAP_TOPIC, "OpenDRIVE map")
    writer.add_message(channel_id=channel, log_time=0, publish_time=0, data=made.SerializeToString())
