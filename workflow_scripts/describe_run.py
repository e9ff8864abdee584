"""Describe the run as a machine-readable RO-Crate."""

from mscol.jobs.logs import log_to_file
from mscol.jobs.versions import git_commit
from mscol.pages.crate import describe_run

log_to_file(snakemake.log[0])
describe_run(
    path=snakemake.output[0],
    results=snakemake.params.results,
    cards=snakemake.input.cards,
    datasets=dict(zip(snakemake.params.datasets, snakemake.input.manifests, strict=True)),
    config=snakemake.config,
    synthesised=snakemake.params.synthesised,
    commit=git_commit(),
)
