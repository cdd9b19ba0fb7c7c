"""The only importer of onnxruntime and LiteRT: opens a network, runs it on arrays, keeps both quiet.

It knows nothing of faces. Sessions are not safe to share between threads: each worker opens its own.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import ModelError

Array = NDArray[np.float32]
_STDERR = threading.RLock()  # the whole process has one; two threads that hide it at once would never bring it back


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere for a while: native libraries write their greetings straight to it.

    Meant for short calls (opening a model, a camera); those of several threads wait for each other. Python's own
    `sys.stderr` is flushed first, where there is one.
    """
    with _STDERR:
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            saved = os.dup(2)
        except OSError:  # no standard error at all (a service, a windowed program)
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(nowhere)
            os.close(saved)


def set_threads(threads: int) -> None:
    """Let OpenCV use `threads` threads; networks take theirs when they are opened."""
    import cv2

    cv2.setNumThreads(threads)


class LiteNet:
    """A TensorFlow Lite network with one input, run by LiteRT.

    Args:
        path: a .tflite file.
        threads: threads of the interpreter.

    Raises:
        ModelError: the file is missing or no such network.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        with quiet_stderr():
            from ai_edge_litert.interpreter import Interpreter

            try:
                self._net = Interpreter(str(path), num_threads=threads)
                self._net.allocate_tensors()
            except (ValueError, RuntimeError, OSError) as error:
                raise ModelError(f"cannot open the network {path}: {str(error).splitlines()[0]}") from error
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._net.get_output_details()]
        self.input_shape: tuple[int, ...] = tuple(self._net.get_input_details()[0]["shape"])
        self._lined_up = False

    def __call__(self, batch: NDArray[Any], *, scale: float = 1.0, shift: float = 0.0) -> list[Array]:
        """Run on one input of `input_shape`, of any type of number; returns copies of all outputs.

        The network is given batch * scale + shift, computed in its own memory.
        """
        # The view must be gone before the network runs: LiteRT refuses while somebody holds its memory.
        self._fill(self._net.tensor(self._input)(), batch, np.float32(scale), np.float32(shift))
        if self._lined_up:
            self._net.invoke()
        else:  # the first run announces its delegate
            with quiet_stderr():
                self._net.invoke()
            self._lined_up = True
        return [self._net.get_tensor(index) for index in self._outputs]

    @staticmethod
    def _fill(memory: Array, batch: NDArray[Any], scale: np.float32, shift: np.float32) -> None:
        np.multiply(batch, scale, out=memory, casting="same_kind")
        if shift:
            memory += shift


class OnnxNet:
    """An ONNX network with one input, run by onnxruntime on the CPU.

    Raises ModelError when the file is missing or no such network.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        # From 1.29 on, official wheels report usage; the version is pinned below, this is the second lock.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Idle threads that spin take the cores from the detector.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no narrower base
            raise ModelError(f"cannot open the network {path}: {str(error).splitlines()[0]}") from error
        self.input_shape = tuple(self._session.get_inputs()[0].shape)
        self.output_names = [output.name for output in self._session.get_outputs()]
        self._input = self._session.get_inputs()[0].name

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says about itself, by key."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, batch: Array, *outputs: str) -> list[Array]:
        """Run on a batch; returns the named outputs, or all of them."""
        return list(self._session.run(list(outputs) or None, {self._input: batch}))
