# From raw music to tables of how good an encoder is. docs/architecture.md explains the parts.
#
#   snakemake --cores all                                   everything in config.yaml
#   snakemake --cores all results/mtat_bass_vocals.csv      one table and its dependencies
#   snakemake --cores all estimate                          the cost, before anything is made
#   snakemake progress                                      progress of a run, in another terminal

import gc

from snakemake.utils import min_version

min_version("9.0")
# The objects of the graph stay alive. Collecting garbage less often saves a sixth of the time of a dry run at full size,
# for 8 MB of memory.
gc.set_threshold(100_000, 50, 100)


include: "rules/module.smk"


configfile: f"{BASEDIR}/config.yaml"


include: "rules/progress.smk"
include: "rules/common.smk"
include: "rules/params.smk"
include: "rules/gpus.smk"
include: "rules/datasets.smk"
include: "rules/stems.smk"
include: "rules/mels.smk"
include: "rules/pretraining.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"
include: "rules/figures.smk"
include: "rules/robustness.smk"
include: "rules/cards.smk"
include: "rules/overview.smk"
include: "rules/fetch.smk"
include: "rules/estimate.smk"
include: "rules/ahead.smk"
include: "rules/start.smk"
include: "rules/end.smk"


# In a module Snakemake would render it with the config of the other workflow.
if not IS_MODULE:

    report: "report/workflow.rst"


onstart:
    start_run()


onsuccess:
    end_run()


onerror:
    end_failed_run()


rule all:
    input:
        rules.write_page.output,
        described_clips(),
        rules.write_config.output,
        rules.gather_rejected.output,
        rules.gather_shortened.output,
        rules.summarise_results.output.table,
        separation_table(),
        of_all_results(rules.write_results_table.output.table),
        figures(),
        robustness_results(),
        encoder_cards(),
        rules.describe_run.output,
    localrule: True
