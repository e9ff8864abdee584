"""The lock holds for every platform and Python that `make` takes, and the versions in envs/ are those of the lock.

Conda cannot be run everywhere, and no other platform is at hand: so texts are compared, and what the registry has.
"""

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from dependencies import with_requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

WORKFLOW = Path(__file__).parents[1]
ENVS, SCRIPTS = WORKFLOW / "envs", WORKFLOW / "workflow_scripts"
# As uv names a platform, and what markers see there
PLATFORMS = {
    "x86_64-manylinux_2_28": {"sys_platform": "linux", "platform_machine": "x86_64"},
    "aarch64-manylinux_2_28": {"sys_platform": "linux", "platform_machine": "aarch64"},
    "aarch64-apple-darwin": {"sys_platform": "darwin", "platform_machine": "arm64"},
}
PYTHONS = ("3.11", "3.12", "3.13")
# What separates, by the environment that it gets: the scripts import it by name
SEPARATORS = {"openunmix": "mscol/separation/shard", "audio": "mscol/separation/functions"}
# Published as source alone: Python and nothing else, which builds anywhere
WITHOUT_WHEELS = {"connection-pool"}
everywhere = pytest.mark.parametrize(
    ("platform", "python"), [(platform, python) for platform in PLATFORMS for python in PYTHONS]
)


def read_lock(text):
    """The requirements of a lock, each with its hashes."""
    for entry in re.split(r"\n(?=\S)", text):
        requirement, *hashes = re.split(r"\s*\\?\n?\s+--hash=", entry.strip())
        if "==" in requirement and not requirement.startswith("#"):
            yield Requirement(requirement), {digest.strip() for digest in hashes}


@functools.cache
def locked():
    return list(read_lock((ENVS / "requirements.lock").read_text()))


def locked_on(platform, python):
    """What the lock installs on a platform: versions, by name."""
    sees = PLATFORMS[platform] | {
        "python_version": python, "python_full_version": f"{python}.1", "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "os_name": "posix",
        "platform_system": {"linux": "Linux", "darwin": "Darwin"}[PLATFORMS[platform]["sys_platform"]],
    }  # fmt: skip
    return {
        need.name: version_of(need) for need, _ in locked() if not need.marker or need.marker.evaluate(sees)
    }


def version_of(requirement):
    return str(requirement.specifier).removeprefix("==")


def pins(path):
    """The packages of a conda environment, those that pip installs included: names and versions."""
    for entry in yaml.safe_load(path.read_text())["dependencies"]:
        if isinstance(entry, dict):
            yield from ((need.name, version_of(need)) for need in map(Requirement, entry["pip"]))
        elif entry.partition("=")[0] not in ("python", "pip"):
            yield tuple(entry.split("="))


@pytest.mark.parametrize("path", sorted(ENVS.glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_environments_have_the_locked_versions(path):
    versions = {need.name: version_of(need) for need, _ in locked()}
    found = dict(pins(path))
    assert found
    assert found == {name: versions.get(name) for name in found}


def test_every_locked_package_has_a_hash_and_no_place_that_it_comes_from():
    text = (ENVS / "requirements.lock").read_text()
    assert len(locked()) == len(re.findall(r"^\w.*==", text, re.MULTILINE)) > 150
    assert all(hashes and all(digest.startswith("sha256:") for digest in hashes) for _, hashes in locked())
    assert not re.search(r"://|--(extra-)?index|--find-links| @ ", text)


@everywhere
def test_each_platform_gets_one_tensorflow_and_cuda_on_linux_alone(platform, python):
    names = locked_on(platform, python).keys()
    on_linux = PLATFORMS[platform]["sys_platform"] == "linux"
    cpu_build = PLATFORMS[platform]["platform_machine"] == "x86_64"
    assert names & {"tensorflow", "tensorflow-cpu"} == {"tensorflow-cpu" if cpu_build else "tensorflow"}
    cuda = {name for name in names if name.startswith(("nvidia-", "cuda-", "jax-cuda", "triton"))}
    assert ({"jax-cuda13-plugin", "nvidia-cuda-nvcc"} <= cuda) if on_linux else not cuda
    assert {"jax", "jaxlib", "torch", "keras"} <= names


@pytest.fixture(scope="module")
def resolve():
    """Return a function that runs uv on requirements, with access to a registry."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if uv is None:
        pytest.skip("there is no uv to resolve requirements with")

    def run(*arguments, given=None):
        command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *arguments]
        quick = os.environ | {"UV_HTTP_TIMEOUT": "30", "UV_HTTP_RETRIES": "1"}
        return subprocess.run(command, input=given, capture_output=True, text=True, env=quick)

    probe = run("--no-cache", "--no-deps", "-", given="six==1.17.0")
    if probe.returncode:
        pytest.skip(f"there is no registry to ask: {probe.stderr.strip().splitlines()[-1]}")
    return run


@everywhere
def test_lock_is_all_that_is_needed_on_a_platform_and_has_its_wheels(resolve, platform, python):
    wheels = [f"--only-binary={need.name}" for need, _ in locked() if need.name not in WITHOUT_WHEELS]
    done = resolve(
        ENVS / "requirements.in", "--constraints", ENVS / "requirements.lock", "--generate-hashes",
        "--python-platform", platform, "--python-version", python, *wheels,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = list(read_lock(done.stdout))
    assert {need.name: version_of(need) for need, _ in found} == locked_on(platform, python)
    # A registry may have got more files of a version since; those of the lock must be there.
    known = {need.name: hashes for need, hashes in locked()}
    assert [need.name for need, hashes in found if not known[need.name] <= hashes] == []


def rules():
    """The script of every rule, with each environment that it may get."""
    choices = yaml.safe_load((WORKFLOW / "schemas" / "config.schema.yaml").read_text())["properties"]
    for path in sorted((WORKFLOW / "rules").glob("*.smk")):
        for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            script = re.search(r"workflow_scripts/(\w+)\.py", rule)
            env = re.search(r"conda:\s+(?:\"../envs/(\w+)\.yaml\"|(KERAS|SEPARATION)_ENVIRONMENT)", rule)
            of_choice = {"KERAS": choices["keras_environment"]["enum"], "SEPARATION": SEPARATORS}
            for name in of_choice.get(env[2], [env[1]]) if script else []:
                yield pytest.param(script[1], name, id=f"{rule.split(':')[0]}-{name}")
    for name, module in SEPARATORS.items():
        yield pytest.param(module, name, id=module)


@pytest.mark.parametrize(("script", "env"), rules())
def test_environment_of_a_rule_holds_what_its_script_imports(script, env):
    allowed = with_requirements(name for name, _ in pins(ENVS / f"{env}.yaml"))
    distributions = packages_distributions()
    needed = {
        name: {canonicalize_name(package) for package in distributions[name]}
        for name in outside_imports(SCRIPTS / f"{script}.py")
        if name not in sys.stdlib_module_names
    }
    assert {name for name, packages in needed.items() if not packages & allowed} == set()


def outside_imports(path, seen=None):
    """The packages that a file imports when it is imported, directly or through mscol."""
    seen = set() if seen is None else seen
    names = set()
    for node in ast.parse(path.read_text()).body:
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for module in modules:
            if module.split(".")[0] != "mscol":
                names.add(module.split(".")[0])
                continue
            parts = module.split(".")
            for length in range(1, len(parts) + 1):
                base = SCRIPTS.joinpath(*parts[:length])
                for file in (base.with_suffix(".py"), base / "__init__.py"):
                    if file.is_file() and file not in seen:
                        seen.add(file)
                        names |= outside_imports(file, seen)
    return names


def test_container_holds_what_the_workflow_reads():
    definition = (ENVS / "mscol.def").read_text()
    copied = set(re.findall(r"^    (\S+) /opt/mscol/$", definition, re.MULTILINE))
    read = {"Snakefile", "rules", "envs", "workflow_scripts"}
    for path in (WORKFLOW / "Snakefile", *WORKFLOW.glob("rules/**/*.smk")):
        read |= set(re.findall(r"\{BASEDIR\}/([\w.]+)", path.read_text()))
    assert len(read) > 4 and read <= copied
    assert all((WORKFLOW / name).exists() for name in copied)
