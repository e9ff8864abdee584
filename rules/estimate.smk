# The cost of a run, before anything is made: `snakemake estimate --cores 8 --configfile mine.yaml`.


include: "functions/estimate.smk"


# The rule has no output and no timing, so it runs whenever it is requested and prints to the terminal. Manifests are no
# inputs, because an estimate must not make them.
rule estimate:
    input:
        rates=estimated_run()["rates"],
    log:
        "logs/estimate.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        run=estimated_run(),
        cores=workflow.resource_settings.cores or 1,
        this_config=lambda wildcards: this_config(),
        targets=[called("estimate"), called("all")],
        code=code_of("estimate.py"),
    message:
        "Estimating the cost of this run"
    script:
        "../workflow_scripts/estimate.py"
