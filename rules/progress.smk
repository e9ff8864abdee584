# Progress of a run: on a line of the terminal, and by `snakemake progress` in another one. No rules here.

import logging
import sys
import time

from snakemake_interface_logger_plugins.common import LogEvent

from mscol.progress.record import tell_record


include: "functions/progress.smk"


# Comes first, because the run in question has locked the folder
if SPEAKS and asks_for_progress():
    print(tell_record(time.time()), flush=True)
    sys.exit()


class SayingProgress(logging.Handler):
    """Watches a run from its first job until Snakemake closes its handlers, however it ends."""

    watch = bottom = None

    def emit(self, record):
        # Snakemake logs this when it ends jobs: they may now write to the terminal themselves.
        if self.bottom and str(record.msg).startswith(("Terminating", "Shutting down")):
            self.bottom.leave()
        if getattr(record, "event", None) != LogEvent.JOB_STARTED:
            return
        # A fault here must not stop the run.
        try:
            if self.watch is None:
                self.begin()
            else:
                self.watch.wake()
        except Exception as error:
            logger.debug(f"The progress of this run is not shown: {error!r}")

    def begin(self):
        """Start to watch, if there is anything to watch."""
        if workflow.touch or not any(
            job.rule not in NOT_WATCHED for job in jobs_now()[0]
        ):
            return
        self.bottom = take_bottom_line()
        self.watch = Watch(
            look=jobs_now,
            price=price,
            say=self.bottom.show if self.bottom else say_progress,
            record=RECORD,
            every=2 if workflow.local_exec else 15,
            rewrites=self.bottom is not None,
        )
        self.watch.start()

    def close(self):
        if self.bottom:
            self.bottom.leave()
        if self.watch:
            self.watch.stop()
        super().close()


if SPEAKS:
    logger.addHandler(SayingProgress())
