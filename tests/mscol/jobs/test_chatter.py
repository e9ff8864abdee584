"""What frameworks say at their start is left out; what they say when something is wrong is not."""

import logging
import subprocess
import sys

import pytest

from mscol.jobs.chatter import hush_frameworks, is_chatter, of_jax

# As TensorFlow 2.15 to 2.21 write them, in builds for CPUs and for GPUs
CHATTER = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795730923.965694   11981 port.cc:153] oneDNN custom operations are on. You may see slightly different numerical results
I0000 00:00:1795730924.004983   11981 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use available CPU instructions
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags.
I0000 00:00:1795731356.820345   19178 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be used.
2024-11-05 17:09:01.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.
E0000 00:00:1730826541.183838    1040 cuda_dnn.cc:8310] Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN
2024-11-05 17:09:01.166: E external/local_xla/xla/stream_executor/cuda/cuda_fft.cc:477] Unable to register cuFFT factory: Attempting
W0000 00:00:1795731356.820345   19178 computation_placer.cc:177] computation placer already registered. Please check linkage
2024-11-05 17:09:02.166: W tensorflow/compiler/tf2tensorrt/utils/py_utils.cc:38] TF-TRT Warning: Could not find TensorRT
"""
NEWS = """\
W0000 00:00:1795731356.820345   19178 gpu_device.cc:2365] Cannot dlopen some GPU libraries. Please make sure the missing libraries
E0000 00:00:1795731353.522691   18669 cuda_dnn.cc:522] Loaded runtime CuDNN library: 9.1.0 but source was compiled with: 9.3.0.
F0000 00:00:1795731353.522691   18669 cpu_feature_guard.cc:33] The TensorFlow library was compiled to use AVX instructions
Traceback (most recent call last):
ImportError: libcudart.so.12: cannot open shared object file: No such file or directory
2026-11-26 22:18:02 INFO Computing with TensorFlow: no GPU is available to this job.
2026-11-26 22:18:02 WARNING TensorFlow computes on the CPU
"""


def test_silent_messages_are_distinguished_from_others():
    assert [line for line in CHATTER.encode().splitlines() if not is_chatter(line)] == []
    assert [line for line in NEWS.encode().splitlines() if is_chatter(line)] == []


# Stands for TensorFlow: it writes past Python, and may end the process.
PACKAGE = "import os; os.write(2, {printed!r}); os.{end}"


@pytest.mark.parametrize(
    ("level", "end", "expected"),
    [(None, "abort()", NEWS), (None, "getpid()", NEWS), ("0", "getpid()", CHATTER + NEWS)],
)
def test_import_is_quiet_unless_something_is_wrong_or_all_is_asked_for(
    tmp_path, monkeypatch, level, end, expected
):
    (tmp_path / "tensorflow.py").write_text(PACKAGE.format(printed=(CHATTER + NEWS).encode(), end=end))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level or "")
    if not level:
        monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    program = (
        "from mscol.jobs.chatter import hush_frameworks; hush_frameworks()\n"
        "import os, sys; sys.path.insert(0, '.'); import tensorflow\n"
        "os.write(2, b'after\\n'); print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    ended = end == "getpid()"
    assert (done.returncode == 0) == ended
    assert done.stderr == expected + "after\n" * ended
    assert done.stdout == (f"{level or 1}\n" if ended else "")


def test_what_jax_says_of_missing_hardware_is_kept_for_a_sentence_of_ours(monkeypatch, caplog):
    monkeypatch.setattr(of_jax, "errors", [])
    hush_frameworks()
    logger, plugin = logging.getLogger("jax._src.xla_bridge"), "calling jax_plugins.xla_cuda13.initialize()"
    try:
        raise RuntimeError("operation cuInit(0) failed")
    except RuntimeError:
        logger.exception("Jax plugin configuration error: Exception when calling %s.initialize()", plugin)
    logger.warning(
        "An NVIDIA GPU may be present on this machine, but a CUDA-enabled jaxlib is not installed."
    )
    assert caplog.messages == [] and [str(error) for error in of_jax.errors] == ["operation cuInit(0) failed"]
    logger.warning("Platform 'mps' is experimental")
    assert caplog.messages == ["Platform 'mps' is experimental"]
