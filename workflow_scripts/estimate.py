"""Print the cost of the configured run, and of the part that is left, on the terminal."""

import os
import subprocess
import sys

from mscol.estimate import estimate_table, gather_run
from mscol.jobs.logs import log_to_file

terminal = os.dup(1)  # before it is redirected to the log
log_to_file(snakemake.log[0])
run, cores = snakemake.params.run, snakemake.params.cores
whole = estimate_table(gather_run(**run), cores)
# Only Snakemake knows what is up to date.
limits = ["--resources", f"shards_in_flight={run['shards_in_flight']}", "--cores", str(cores)]
words = [*snakemake.params.this_config, *limits, "--nolock", "--quiet", "--dry-run"]
left = subprocess.run(
    [sys.executable, "-m", "snakemake", *words, *snakemake.params.targets], stdout=subprocess.PIPE, text=True
).stdout
# Without this title, the output is an error message.
_, title, text = left.rpartition("What is left to do")
with os.fdopen(terminal, "w", encoding="utf-8") as file:
    file.write(f"{whole}\n{title}{text}")
