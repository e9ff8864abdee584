# From raw music to tables that say how good an encoder is. docs/architecture.md shows the whole house.
#
#   snakemake --cores all                                   everything that config.yaml names
#   snakemake --cores all results/mtat_bass_vocals.csv      one table, and what it needs

import sys

from snakemake.utils import min_version

min_version("9.0")
sys.path.insert(0, f"{workflow.basedir}/workflow_scripts")


configfile: f"{workflow.basedir}/config.yaml"


include: "rules/common.smk"
include: "rules/targets.smk"
include: "rules/datasets.smk"
include: "rules/stems.smk"
include: "rules/mels.smk"
include: "rules/pretraining.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"
include: "rules/figures.smk"
include: "rules/cards.smk"


report: "report/workflow.rst"


onstart:
    require_writable_folders(workflow.dag.needrun_jobs())


localrules:
    all,


rule all:
    default_target: True
    input:
        "results/config.yaml",
        "results/rejected.csv",
        "results/summary.csv",
        separation_table(),
        results_tables(),
        figures(),
        encoder_cards(),
