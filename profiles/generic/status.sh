#!/bin/sh
# How is the job with this id: running, success or failed? Snakemake asks from the folder of the run.
id=$1
note=.snakemake/cluster/$id.exit

say_how_it_ended() {
    [ -s "$note" ] || return 1
    if [ "$(cat "$note")" = 0 ]; then echo success; else echo failed; fi
}

# Whether the scheduler still has the job, queued or running. One that does not answer gets the benefit of the doubt.
scheduler_has_it() {
    if command -v squeue > /dev/null; then
        said=$(squeue --noheader --jobs="$id" --format=%T 2>&1) || case $said in *"Invalid job id"*) return 1 ;; *) return 0 ;; esac
        [ -n "$said" ]
    elif command -v bjobs > /dev/null; then
        bjobs -noheader -o stat "$id" 2> /dev/null | grep -qv -e DONE -e EXIT
    elif [ -n "$SGE_ROOT" ]; then
        qstat -j "$id" > /dev/null 2>&1
    else
        qstat "$id" > /dev/null 2>&1
    fi
}

say_how_it_ended && exit
if scheduler_has_it; then
    echo running
else
    # It has just ended, and a slow file system may still keep its note from us.
    for second in 1 2 3 4 5; do
        say_how_it_ended && exit
        sleep 1
    done
    echo failed
fi
