"""Plot the log-mels of a mixture and its stems, and which stems are active."""

from mscol.figures.log_mels import plot_log_mels
from mscol.jobs.logs import log_to_file
from mscol.separation import STEMS

log_to_file(snakemake.log[0])
cached = snakemake.input
plot_log_mels(
    clips=cached.clips,
    mixtures=(cached.frames, cached.index),
    stems={stem: (cached[stem], cached.stems_index) for stem in STEMS if cached[stem]},
    activity=cached.activity,
    windows=snakemake.params.windows,
    threshold=snakemake.params.threshold,
    paths=[snakemake.output.svg, snakemake.output.png],
    synthesised=snakemake.params.synthesised,
    heard=snakemake.output.heard,
)
