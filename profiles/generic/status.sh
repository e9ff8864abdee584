#!/bin/sh
# How is the job with this id: running, success or failed? Snakemake asks from the folder of the run.
id=$1
note=.snakemake/cluster/$id.exit
gone=.snakemake/cluster/$id.gone
# Seconds for which a slow file system may keep the note of a job that has ended from us
patience=${MSCOL_LATENCY_WAIT:-120}

say_how_it_ended() {
    ls .snakemake/cluster > /dev/null 2>&1 # so that a network file system looks anew
    [ -s "$note" ] || return 1
    if [ "$(cat "$note")" = 0 ]; then echo success; else echo failed; fi
    rm -f "$note" "$gone" # the scheduler may give the same id to another job one day
}

# Whether the scheduler says that it does not have the job, or has it no more. One that does not answer says nothing.
scheduler_has_it_no_more() {
    if command -v squeue > /dev/null; then
        said=$(squeue --noheader --jobs="$id" --format=%T 2>&1)
        case $said in "" | *"Invalid job id"*) return 0 ;; esac
    elif command -v bjobs > /dev/null; then
        said=$(bjobs -noheader -o stat "$id" 2>&1)
        case $said in DONE | EXIT | *"is not found"*) return 0 ;; esac
    elif [ -n "$SGE_ROOT" ]; then
        said=$(qstat -j "$id" 2>&1)
        case $said in *"do not exist"*) return 0 ;; esac
    else
        said=$(qstat "$id" 2>&1)
        case $said in *"nknown Job Id"* | *"has finished"*) return 0 ;; esac
    fi
    return 1
}

say_how_it_ended && exit
scheduler_has_it_no_more || { echo running; exit; }
# It has ended; its note may still be on its way. One that never comes was not written: the job was killed.
now=$(date +%s)
[ -s "$gone" ] || { mkdir -p .snakemake/cluster && echo "$now" > "$gone"; }
if [ "$((now - $(cat "$gone")))" -ge "$patience" ]; then
    rm -f "$gone"
    echo failed
else
    echo running
fi
