"""GPUs, found and handed out: on any machine, by lists that are made up."""

import contextlib
import os
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from mscol.jobs.devices import (
    MADE_UP,
    OFFER,
    SCHEDULERS,
    VISIBLE,
    _cards_in_proc,
    find_gpus,
    offer_gpus,
    take_gpus,
)

# Takes a GPU, says what it sees, and holds it until it is told to go.
JOB = """
import logging, os, sys
from mscol.jobs.devices import take_gpus
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
take_gpus(int(sys.argv[1]))
print("sees", repr(os.environ.get("CUDA_VISIBLE_DEVICES")), os.environ.get("JAX_PLATFORMS"), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """An environment as it is outside of any run, whatever the machine."""
    for name in (MADE_UP, OFFER, VISIBLE, "JAX_PLATFORMS", *SCHEDULERS):
        monkeypatch.setenv(name, "")  # so that what a test itself sets is undone, too
        monkeypatch.delenv(name)


@pytest.fixture
def names():
    """The names of four GPUs, of this test alone: names are locked for the whole machine."""
    return [f"GPU-{uuid.uuid4()}" for _ in range(4)]


@contextlib.contextmanager
def job(wanted=1):
    """A job in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", JOB, str(wanted)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def seen_by(process):
    """What a job sees, once it has what it waits for; and what it printed before."""
    printed = []
    for line in process.stdout:
        if line.startswith("sees"):
            return line.split()[1].strip("'"), printed
        printed.append(line)
    raise AssertionError(printed)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (None, {"GPU-a1": "GPU-a1", "GPU-b2": "GPU-b2", "GPU-b3": "GPU-b3"}),
        ("1", {"1": "GPU-b2"}),
        ("2, 0", {"2": "GPU-b3", "0": "GPU-a1"}),
        ("GPU-a,GPU-b3", {"GPU-a": "GPU-a1", "GPU-b3": "GPU-b3"}),
        ("MIG-c", {"MIG-c": "MIG-c"}),
        ("", {}),
        ("-1", {}),
        ("NoDevFiles", {}),
        # As in CUDA, what comes after one that is not there does not count; and GPU-b might be either.
        ("0,-1,1", {"0": "GPU-a1"}),
        ("1,7,0", {"1": "GPU-b2"}),
        ("GPU-b,0", {}),
    ],
)
def test_gpus_that_are_visible_are_found(monkeypatch, told, found):
    monkeypatch.setenv(MADE_UP, "GPU-a1, GPU-b2,GPU-b3")
    if told is not None:
        monkeypatch.setenv(VISIBLE, told)
    assert find_gpus() == found


@pytest.mark.parametrize("told", ["0", "GPU-a1", "MIG-c", None])
def test_nothing_is_found_where_there_is_no_gpu(monkeypatch, told):
    monkeypatch.setenv(MADE_UP, "")
    if told is not None:
        monkeypatch.setenv(VISIBLE, told)
    assert find_gpus() == {}


def test_in_a_job_of_a_scheduler_only_what_it_gave_is_found(monkeypatch):
    monkeypatch.setenv(MADE_UP, "GPU-a1,GPU-b2,GPU-b3")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert find_gpus() == {}
    monkeypatch.setenv(VISIBLE, "0,2")
    assert find_gpus() == {"0": "GPU-a1", "2": "GPU-b3"}


def test_split_gpus_are_found_as_their_parts(monkeypatch, tmp_path):
    listed = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-a1)
  MIG 3g.20gb     Device  0: (UUID: MIG-x)
  MIG 3g.20gb     Device  1: (UUID: MIG-y)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-b2)"""
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n[ $1 = -L ] && cat <<'end'\n{listed}\nend\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert list(find_gpus()) == ["MIG-x", "MIG-y", "GPU-b2"]
    monkeypatch.setenv(VISIBLE, "1,MIG-y,0")
    assert find_gpus() == {"1": "GPU-b2", "MIG-y": "MIG-y", "0": "MIG-x"}


def test_without_nvidia_smi_what_the_driver_shows_is_found(tmp_path):
    for minor, name in enumerate(["GPU-a1", "GPU-b2"]):
        folder = tmp_path / f"proc/0000:0{minor}:00.0"
        folder.mkdir(parents=True)
        (folder / "information").write_text(
            f"Model: \t\t NVIDIA A100\nGPU UUID: \t {name}\nDevice Minor: \t {minor}\n"
        )
    (tmp_path / "nvidia1").touch()  # the other one is not for this container
    assert _cards_in_proc(tmp_path / "proc", tmp_path) == [["GPU-b2"]]


def test_jobs_see_a_gpu_each_and_a_third_waits_until_one_of_them_is_killed(names):
    offer_gpus({"0": names[0], "1": names[1]})
    with job() as first, job() as second:
        assert {seen_by(first)[0], seen_by(second)[0]} == {"0", "1"}
        with job() as third:
            printed = third.stdout.readline()
            assert printed == "Jobs of other runs use every GPU (2). Waiting for 1.\n"
            second.kill()
            second.wait()
            seen, printed = seen_by(third)
            assert seen in {"0", "1"} and printed[0].startswith("Waiting for GPUs took")


def test_jobs_see_as_many_as_they_want(names):
    offer_gpus({str(number): name for number, name in enumerate(names)})
    with job(3) as first, job(1) as second:
        seen = [set(seen_by(process)[0].split(",")) for process in (first, second)]
    assert [len(each) for each in seen] == [3, 1] and set.union(*seen) == {"0", "1", "2", "3"}


def test_a_job_never_wants_more_than_are_offered(names):
    offer_gpus({"0": names[0], "1": names[1]})
    with job(4) as process:
        assert seen_by(process)[0] == "0,1"


def test_a_job_that_wants_several_keeps_what_comes_free_and_lets_no_other_wait_for_it_for_ever(names):
    offer_gpus({str(number): name for number, name in enumerate(names)})
    with job(1) as first, job(1) as second:
        seen = [seen_by(process)[0] for process in (first, second)]
        with job(3) as third:
            assert third.stdout.readline() == "Jobs of other runs use 2 of 4 GPUs. Waiting for 1.\n"
            with job(1) as small:  # while the third one keeps two
                assert small.stdout.readline() == "Jobs of other runs use every GPU (4). Waiting for 1.\n"
                first.kill()
                second.kill()
                assert len(set(seen_by(third)[0].split(","))) == 3 and seen_by(small)[0] in seen


def test_jobs_that_want_all_at_once_have_them_one_after_another(names):
    offer_gpus({str(number): name for number, name in enumerate(names)})

    def seen_until_killed(process):
        seen, _ = seen_by(process)
        time.sleep(0.1)  # while the others try
        process.kill()
        return seen

    with contextlib.ExitStack() as stack, ThreadPoolExecutor() as threads:
        jobs = [stack.enter_context(job(4)) for _ in range(4)]
        assert list(threads.map(seen_until_killed, jobs)) == ["0,1,2,3"] * 4


def test_a_gpu_is_the_same_under_each_of_its_names(names):
    offer_gpus({"0": names[0]})
    with job() as by_number:
        assert seen_by(by_number)[0] == "0"
        offer_gpus({name: name for name in names[:2]})
        with job() as by_name:
            assert seen_by(by_name)[0] == names[1]


def test_a_gpu_is_kept_when_programs_that_a_job_started_end(names):
    offer_gpus({"0": names[0]})
    take_gpus()
    subprocess.run(["true"], check=True)
    with job() as other:
        assert other.stdout.readline().startswith("Jobs of other runs use every GPU (1)")


def test_a_job_that_wants_none_sees_none(names):
    offer_gpus({"0": names[0]})
    assert take_gpus(0) == []
    assert os.environ[VISIBLE] == "" and os.environ["JAX_PLATFORMS"] == "cpu"


@pytest.mark.parametrize("wanted", [0, 1])
@pytest.mark.parametrize("visible", [None, "3"])
def test_where_nothing_is_offered_everything_stays_as_it_is(monkeypatch, wanted, visible):
    if visible:
        monkeypatch.setenv(VISIBLE, visible)
    offer_gpus({})
    before = dict(os.environ)
    assert take_gpus(wanted) == []
    assert dict(os.environ) == before


def test_real_gpus_are_found_and_cuda_sees_the_one_that_was_taken():
    gpus = find_gpus()
    if not gpus:
        pytest.skip("there is no GPU here")
    offer_gpus(gpus)
    count = """
import ctypes
from mscol.jobs.devices import take_gpus
(name,), cuda, n, uuid = take_gpus(), ctypes.CDLL("libcuda.so.1"), ctypes.c_int(), (ctypes.c_ubyte * 16)()
assert cuda.cuInit(0) == 0 and cuda.cuDeviceGetCount(ctypes.byref(n)) == 0 and cuda.cuDeviceGetUuid_v2(uuid, 0) == 0
print(name, n.value, bytes(uuid).hex())
"""
    printed = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True).stdout
    name, seen, identity = printed.split()
    assert seen == "1"
    assert identity == gpus[name].partition("-")[2].replace("-", "")
