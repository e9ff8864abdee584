"""The order of jobs if several datasets changed since the last run."""

import re
from collections import defaultdict
from functools import cache

import pytest
from running import WORKFLOW, run

MODELS = "models: [bass_vocals, mixture, untrained, mine, mfcc]\nencoders: {mine: {checkpoint: mine/encoder.keras}}\n"
EVALUATION = """\
evaluation:
  datasets: [mtat, nsynth, nsynth-qualities, fma]
  protocols: [frozen, finetuned, knn, retrieval]
  perturbations: [noise10]
"""


@pytest.fixture(scope="module")
def inputs_of(tmp_path_factory):
    """The jobs of a whole run, with all kinds of models and protocols: for each, those that make its inputs."""
    folder = tmp_path_factory.mktemp("order")
    (folder / "mine").mkdir()
    (folder / "mine" / "encoder.keras").touch()
    (folder / "all.yaml").write_text(MODELS + EVALUATION)
    drawn = run(WORKFLOW, folder, "--dag", configfiles=("tests/tiny.yaml", folder / "all.yaml"))
    labels = re.findall(r'^\t(\d+)\[label = "(.*?)"', drawn, re.MULTILINE)
    jobs = {number: f"{label} ({number})" for number, label in labels}
    found = defaultdict(set)
    for made, maker in re.findall(r"^\t(\d+) -> (\d+)$", drawn, re.MULTILINE):
        found[jobs[maker]].add(jobs[made])
    return found


def test_no_job_runs_before_a_manifest_that_decides_its_inputs(inputs_of):
    # While a manifest waits, Snakemake does not see that jobs behind it are stale. If another input of such a job changed,
    # the job would run, and not again after the manifest: its result would be stale at the end of the run. A job that
    # takes the manifest itself waits for it.
    @cache
    def manifests_behind(job):
        if job.startswith("write_manifest"):
            return frozenset([job])
        return frozenset().union(*map(manifests_behind, inputs_of[job]))

    early = {
        job.partition("\\n")[0].partition(" ")[0]
        for job in list(inputs_of)
        for maker in inputs_of[job]
        if not job.startswith(("write_manifest", "all "))
        and manifests_behind(job) - inputs_of[job] - manifests_behind(maker)
    }
    assert len(inputs_of) > 200 and not early, "these rules need `listed`, as rules/datasets.smk explains"
