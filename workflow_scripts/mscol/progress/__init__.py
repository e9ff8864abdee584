"""Progress of a run: the share of its cost that is done, the time left, and the progress of long jobs.

`standing` reads the progress of a job from its log, `prices` gets the costs of jobs from the estimate, `course` combines both,
`words` formats the result, and `bottom` keeps it in the last line of a terminal. `watch` updates it during a run and keeps a
`record` for other terminals. The process that runs the workflow imports this package, so all modules are quick to import.
`prices` runs the estimate in its own process.
"""
