"""
A conversation with esbuild: it asks what an import leads to, and for the bytes of what it led to.

It runs as a service of its own: packets over pipes, in both directions. The binary says its version first and takes no
other; packets are values in one encoding, with a number that pairs a request with its answer.
"""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, NamedTuple

from assetzcml.bundles.filters.processes import SHOWN, ended, kill

__all__ = ["ESBUILD_NAMESPACE", "BrokenOff", "Result", "Service", "decoded_packet", "encoded_packet"]

ESBUILD_NAMESPACE = "assetzcml"  # of the paths that are ours
ALL = ".*"
CALLBACK = 0  # ours is the only one of each kind
LARGEST = 1 << 30  # bytes of a packet; no output of a bundle is as large

Answer = Callable[[Mapping[str, Any]], "Mapping[str, Any] | None"]


class BrokenOff(Exception):
    """The conversation broke off; the text says how, `said` is what the program wrote on standard error."""

    def __init__(self, message: str, said: bytes = b""):
        super().__init__(message)
        self.said = said


class Result(NamedTuple):
    """What a build came to: messages of esbuild, files by their path, and the JSON of the metafile."""

    errors: Sequence[Mapping[str, Any]]
    warnings: Sequence[Mapping[str, Any]]
    files: Mapping[str, bytes]
    metafile: str


def encoded_packet(value: Any) -> bytes:
    """
    A value as it is in a packet: None, bool, int, str, bytes, list or dict.

    >>> decoded_packet(encoded_packet({"a": [1, None, True, "é", b"x"]}))
    {'a': [1, None, True, 'é', b'x']}
    """
    match value:
        case None:
            return b"\0"
        case bool():
            return b"\1" + bytes([value])
        case int():
            return b"\2" + struct.pack("<I", value)
        case str():
            return b"\3" + _sized(value.encode("utf-8", "surrogateescape"))
        case bytes():
            return b"\4" + _sized(value)
        case Mapping():
            items = b"".join(_sized(key.encode()) + encoded_packet(item) for key, item in value.items())
            return b"\6" + struct.pack("<I", len(value)) + items
        case _:
            return b"\5" + struct.pack("<I", len(value)) + b"".join(map(encoded_packet, value))


def _sized(content: bytes) -> bytes:
    return struct.pack("<I", len(content)) + content


def decoded_packet(content: bytes) -> Any:
    """The value of a packet. Raises Failed for what is none."""
    try:
        value, at = _value(content, 0)
    except (struct.error, IndexError, RecursionError) as error:
        raise BrokenOff("sent what cannot be read") from error
    if at != len(content):
        raise BrokenOff("sent more than can be read")
    return value


def _value(content: bytes, at: int) -> tuple[Any, int]:
    kind = content[at]
    at += 1
    if kind == 0:
        return None, at
    if kind == 1:
        return bool(content[at]), at + 1
    (number,) = struct.unpack_from("<I", content, at)
    at += 4
    if kind == 2:
        return number, at
    if kind in (3, 4):
        piece = content[at : at + number]
        return piece.decode("utf-8", "surrogateescape") if kind == 3 else piece, at + number
    if kind not in (5, 6):
        raise IndexError(kind)
    items = []
    names = []
    for _ in range(number):
        if kind == 6:
            name, at = _text(content, at)
            names.append(name)
        item, at = _value(content, at)
        items.append(item)
    return (dict(zip(names, items, strict=True)) if kind == 6 else items), at


def _text(content: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", content, at)
    return content[at + 4 : at + 4 + length].decode(), at + 4 + length


class Service:
    """
    One build by the program *command*, whose version is *version*.

    *resolve* is asked what an import leads to: it returns an answer of esbuild's plugins (`path`, `namespace`, …), None
    for what esbuild is to find by itself, or a function that is given what esbuild found and returns the answer.
    *load* is asked for what has a path in our namespace.
    """

    def __init__(self, command: Sequence[str], version: str, resolve: Callable[[Mapping[str, Any]], Any], load: Answer):
        self._command = [*command, f"--service={version}"]
        self._version = version
        self._resolve = resolve
        self._load = load
        self._waiting: dict[int, Callable[[Mapping[str, Any]], None]] = {}
        self._number = 0
        self._pipes: tuple[IO[bytes], IO[bytes]]

    def build(
        self, entry: str, flags: Sequence[str], directory: str, node_paths: Sequence[str], timeout: float
    ) -> Result:
        """
        Bundle *entry*, which *resolve* knows. Paths are relative to *directory*.

        Raises Failed, OSError when the program cannot be started, and subprocess.TimeoutExpired.
        """
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=directory,
                start_new_session=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            self._pipes = process.stdin, process.stdout
            late = threading.Event()

            def stop() -> None:
                late.set()
                kill(process)

            watch = threading.Timer(timeout, stop)
            watch.start()
            try:
                with ended(process):
                    result = self._talk(entry, flags, directory, node_paths)
                    process.stdin.close()
                    process.wait()
            except (BrokenOff, OSError) as error:
                if late.is_set():
                    raise subprocess.TimeoutExpired(self._command, timeout) from error
                errors.seek(0)
                raise BrokenOff(str(error), errors.read(SHOWN)) from error
            finally:
                watch.cancel()
                process.stdout.close()
            return result

    def _talk(self, entry: str, flags: Sequence[str], directory: str, node_paths: Sequence[str]) -> Result:
        if (version := self._read().decode("ascii", "replace")) != self._version:
            raise BrokenOff(f"is version {version[:20]!r}, and said it was {self._version}")
        callback = {"id": CALLBACK, "filter": ALL, "namespace": ""}
        plugin = {
            "name": ESBUILD_NAMESPACE,
            "onStart": False,
            "onEnd": False,
            "onResolve": [callback],
            "onLoad": [{**callback, "namespace": ESBUILD_NAMESPACE}],
        }
        request = {
            "command": "build",
            "key": 0,
            "entries": [["", entry]],
            "flags": list(flags),
            "write": False,
            "stdinContents": None,
            "stdinResolveDir": None,
            "absWorkingDir": directory,
            "nodePaths": list(node_paths),
            "context": False,
            "plugins": [plugin],
        }
        answers: list[Mapping[str, Any]] = []
        self._ask(request, answers.append)
        while not answers:
            self._handle(self._read())
        return _result(answers[0])

    def _read(self) -> bytes:
        stream = self._pipes[1]
        (length,) = struct.unpack("<I", _exactly(stream, 4))
        if length > LARGEST:
            raise BrokenOff(f"announced a packet of {length:,} bytes")
        return _exactly(stream, length)

    def _send(self, number: int, answer: bool, value: Any) -> None:
        body = struct.pack("<I", number << 1 | answer) + encoded_packet(value)
        self._pipes[0].write(_sized(body))
        self._pipes[0].flush()

    def _ask(self, request: Mapping[str, Any], then: Callable[[Mapping[str, Any]], None]) -> None:
        self._waiting[self._number] = then
        self._send(self._number, False, request)
        self._number += 1

    def _handle(self, packet: bytes) -> None:
        (number,) = struct.unpack_from("<I", packet)
        value = decoded_packet(packet[4:])
        if number & 1:
            self._waiting.pop(number >> 1)(value)
        elif value.get("command") == "on-resolve":
            self._on_resolve(number >> 1, value)
        elif value.get("command") == "on-load":
            self._send(number >> 1, True, {"id": CALLBACK, **(self._load(value) or {})})
        else:  # 'ping', 'on-start'
            self._send(number >> 1, True, {"errors": [], "warnings": []})

    def _on_resolve(self, number: int, request: Mapping[str, Any]) -> None:
        if request.get("pluginData") is not None:  # our own question comes by here: esbuild is to answer it
            return self._send(number, True, {})
        answer = self._resolve(request)
        if not callable(answer):
            return self._send(number, True, {"id": CALLBACK, **answer} if answer is not None else {})
        question = {name: request[name] for name in ("path", "importer", "namespace", "resolveDir", "kind")}
        question |= {
            "command": "resolve",
            "key": 0,
            "pluginName": ESBUILD_NAMESPACE,
            "pluginData": 1,
            "with": request.get("with", {}),
        }

        def then(found: Mapping[str, Any]) -> None:
            given = answer(found)
            self._send(number, True, {"id": CALLBACK, **given} if given is not None else {})

        return self._ask(question, then)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise BrokenOff("ended in the middle of its work")
    return content


def _result(answer: Mapping[str, Any]) -> Result:
    if "error" in answer:
        raise BrokenOff(str(answer["error"]))
    files = {os.path.basename(file["path"]): file["contents"] for file in answer.get("outputFiles") or ()}
    metafile = answer.get("metafile") or ""
    return Result(
        answer["errors"], answer["warnings"], files, metafile if isinstance(metafile, str) else metafile.decode()
    )
