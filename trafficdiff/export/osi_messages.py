"""Load OSI's message classes: the one door to osi-python, protobuf and MCAP, which are heavy and have no types."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Final

from trafficdiff.errors import MissingDependencyError

__all__ = ["interface_version", "osi", "protobuf_version"]

_CLASSES: Final = {
    "GroundTruth": "osi3.osi_groundtruth_pb2",
    "MovingObject": "osi3.osi_object_pb2",
    "EnvironmentalConditions": "osi3.osi_environment_pb2",
    "TrafficLight": "osi3.osi_trafficlight_pb2",
    "Writer": "mcap.writer",
    "build_file_descriptor_set": "mcap_protobuf.schema",
    "FieldDescriptorProto": "google.protobuf.descriptor_pb2",
    "FileDescriptorProto": "google.protobuf.descriptor_pb2",
    "FileDescriptorSet": "google.protobuf.descriptor_pb2",
    "DescriptorPool": "google.protobuf.descriptor_pool",
    "GetMessageClass": "google.protobuf.message_factory",
}


@cache
def osi() -> Any:
    """Return the classes that the exporter uses, by name.

    Raises
    ------
    MissingDependencyError
        If osi-python is not installed.
    """
    try:
        return SimpleNamespace(**{name: getattr(import_module(home), name) for name, home in _CLASSES.items()})
    except ImportError as error:
        raise MissingDependencyError(
            f"expected the package osi-python, found none ({error.name}); `pip install osi-python`"
        ) from error


def interface_version() -> tuple[int, int, int]:
    """Return the version of OSI that the installed package writes."""
    module = import_module("osi3.osi_version_pb2")
    version = module.DESCRIPTOR.GetOptions().Extensions[module.current_interface_version]
    return int(version.version_major), int(version.version_minor), int(version.version_patch)


def protobuf_version() -> str:
    """Return the version of protobuf that serialises."""
    return str(import_module("google.protobuf").__version__)
