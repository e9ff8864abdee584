#!/bin/sh
# properties = {properties}
# status.sh reads here how the job ended. A job that is killed with -9 leaves no note; one that is told to end says so, because
# some shells would note a success.
trap 'exit 143' TERM INT HUP XCPU USR1 USR2
trap 'ended=$?; mkdir -p .snakemake/cluster; id=${{SLURM_JOB_ID:-${{PBS_JOBID:-${{LSB_JOBID:-$JOB_ID}}}}}}; echo $ended > ".snakemake/cluster/$id.exit"' EXIT
{exec_job}
