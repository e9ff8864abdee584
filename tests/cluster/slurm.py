"""A real SLURM on this machine: a controller and two nodes, `cpu1` and `gpu1`, each with a partition of its own.

It needs Debian's slurm-wlm and munge, root, and a machine without a SLURM of its own: the job step reads
/etc/slurm and nothing else. Systemd and cgroups are not needed. The daemons are started and ended by process id.
"""

import contextlib
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SETTINGS = Path("/etc/slurm")
MARK = "# Made by the tests of mscol; removed at their end."
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sacct")

# Two nodes on one host; nothing is measured or confined, because cgroups may be missing.
SLURM_CONF = """{mark}
ClusterName=mscol
SlurmctldHost=localhost
SlurmctldPort=7817
SlurmUser=root
AuthType=auth/munge
# A job that lost its node waits until its credentials have expired: 120 s, unless told otherwise.
AuthInfo=socket={folder}/munge.socket,cred_expire=20
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_min_interval=100000
SlurmdParameters=config_overrides
GresTypes=gpu
# A node that was taken down stays so until it is told to resume.
ReturnToService=1
MaxArraySize=1001
# Finished jobs can be asked for as long as the tests take.
MinJobAge=3600
# From SIGTERM to SIGKILL: time to save a checkpoint.
KillWait=30
SlurmdTimeout=60
NodeName=cpu1 NodeHostname=localhost Port=7821 CPUs={cores} RealMemory=64000
NodeName=gpu1 NodeHostname=localhost Port=7822 CPUs={cores} RealMemory=64000 Gres=gpu:1
PartitionName=cpu Nodes=cpu1 Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=gpu1 MaxTime=INFINITE State=UP
"""
# `Count=1` without a file leaves the node invalid.
GRES_CONF = "{mark}\nNodeName=gpu1 Name=gpu File=/dev/zero\n"


class ClusterError(Exception):
    """SLURM could not be started, or does not do as it is told."""


@dataclass(frozen=True)
class Job:
    """What SLURM says of a job."""

    id: str
    state: str
    node: str
    memory: str
    time_limit: str
    name: str
    folder: str
    rule: str


def why_not():
    """Why a SLURM cannot be started here; None if it can."""
    missing = [program for program in PROGRAMS if not shutil.which(program, path=_path())]
    if missing:
        return f"{', '.join(missing)} not installed (Debian: slurm-wlm, munge)"
    if os.getuid() != 0:
        return "only root can start its daemons"
    conf = SETTINGS / "slurm.conf"
    if conf.exists() and MARK not in conf.read_text():
        return f"{conf} belongs to a SLURM that is already here"
    return None


@contextlib.contextmanager
def cluster(folder, cores=4):
    """Start munged, slurmctld and two slurmd with all their files in ``folder``; end them at the end."""
    files = {"slurm.conf": SLURM_CONF, "gres.conf": GRES_CONF}
    folder.mkdir(parents=True)
    for name in ("state", "spool-cpu1", "spool-gpu1"):
        (folder / name).mkdir()
    _make_key(folder / "munge.key")
    SETTINGS.mkdir(exist_ok=True)
    for name, text in files.items():
        (SETTINGS / name).write_text(text.format(mark=MARK, folder=folder, cores=cores))
    daemons = []
    try:
        daemons.append(_start(folder, "munged", *_munge_options(folder)))
        _wait_for(lambda: (folder / "munge.socket").exists(), daemons, "munged made no socket")
        daemons.append(_start(folder, "slurmctld", "-D"))
        daemons += [_start(folder, "slurmd", "-D", "-N", node) for node in ("cpu1", "gpu1")]
        _wait_for(
            lambda: node_states() == {"cpu1": "idle", "gpu1": "idle"}, daemons, "the nodes are not idle"
        )
        yield
    finally:
        _end(daemons)
        for name in files:
            (SETTINGS / name).unlink(missing_ok=True)


def node_states():
    """The state of each node: {"cpu1": "idle", ...}; empty while the controller does not answer."""
    printed = subprocess.run(["sinfo", "-h", "-N", "-o", "%N %t"], capture_output=True, text=True)
    return dict(line.split() for line in printed.stdout.splitlines()) if printed.returncode == 0 else {}


def jobs():
    """All jobs, the finished ones too, oldest first; the rule is taken from the comment that Snakemake adds, or the name."""
    printed = _ask("squeue", "-h", "--states=all", "--array", "-o", "%i|%T|%N|%m|%l|%j|%Z|%k")
    found = []
    for line in printed.splitlines():
        *fields, name, folder, comment = line.split("|")
        # profiles/generic gives the rule as the job's name
        rule = name if comment == "(null)" else comment.removeprefix("rule_").split("_wildcards_")[0]
        found.append(Job(*fields, name, folder, rule))
    return sorted(found, key=lambda job: [int(part) for part in job.id.split("_")])


def restarts(number):
    """How often SLURM itself has started a job again, as after the loss of its node."""
    return int(re.search(r"Restarts=(\d+)", _ask("scontrol", "show", "job", number))[1])


def control(*arguments):
    """`scontrol`, which changes jobs and nodes."""
    _ask("scontrol", *arguments)


def cancel(*arguments):
    _ask("scancel", *arguments)


def _ask(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _path():
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _make_key(path):
    path.write_bytes(os.urandom(128))
    path.chmod(0o400)


def _munge_options(folder):
    files = {
        "key-file": "munge.key",
        "socket": "munge.socket",
        "pid-file": "munge.pid",
        "seed-file": "munge.seed",
    }
    return ["--foreground", "--force", *(f"--{option}={folder / name}" for option, name in files.items())]


def _start(folder, program, *options):
    node = options[-1] if "-N" in options else ""
    with open(folder / f"{program}{node}.out", "wb") as output:
        return subprocess.Popen(
            [shutil.which(program, path=_path()), *options],
            stdout=output, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True,
        )  # fmt: skip


def _wait_for(condition, daemons, otherwise, at_most_seconds=60):
    until = time.monotonic() + at_most_seconds
    while not condition():
        for daemon in daemons:
            if daemon.poll() is not None:
                raise ClusterError(f"{daemon.args[0]} ended with {daemon.returncode}")
        if time.monotonic() > until:
            raise ClusterError(f"{otherwise} after {at_most_seconds} s: {node_states()}")
        time.sleep(0.2)


def _end(daemons):
    for daemon in reversed(daemons):
        daemon.terminate()
    for daemon in reversed(daemons):
        try:
            daemon.wait(timeout=20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
