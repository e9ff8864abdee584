"""Train the small Open-Unmix network of one target on the embedded stems."""

from mscol.jobs.logs import log_to_file
from mscol.separation.training import train_target

log_to_file(snakemake.log[0])
train_target(
    stems=snakemake.input.stems,
    target=snakemake.wildcards.stem,
    weights_path=snakemake.output.weights,
    settings_path=snakemake.output.settings,
    settings=snakemake.params.settings,
    seed=snakemake.params.seed,
    threads=snakemake.params.framework_threads,
)
