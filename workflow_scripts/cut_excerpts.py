"""Cut a few seconds of some test clips, for the HTML page."""

from mscol.jobs.logs import log_to_file
from mscol.overview.excerpts import cut_excerpts

log_to_file(snakemake.log[0])
cut_excerpts(
    clips=snakemake.input.clips,
    root=snakemake.params.root,
    most_bytes=snakemake.params.most_bytes,
    out=snakemake.output[0],
)
