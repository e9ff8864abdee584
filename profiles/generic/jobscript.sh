#!/bin/sh
# properties = {properties}
# status.sh reads here how the job ended. A job that is killed leaves no note.
trap 'ended=$?; id=${{SLURM_JOB_ID:-${{PBS_JOBID:-${{LSB_JOBID:-$JOB_ID}}}}}}; echo $ended > ".snakemake/cluster/$id.exit"' EXIT
{exec_job}
