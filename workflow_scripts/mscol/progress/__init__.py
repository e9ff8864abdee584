"""How far a run is: what of its cost is done, the time left, and where long jobs stand.

`standing` reads where a job stands off its log, `prices` asks the estimate what jobs cost, `course` puts both together, `words`
says it, on a terminal at its `bottom`; `watch` looks again and again while a run is going on, and keeps a `record` for other
terminals. The process that runs a workflow imports this: all but `prices`, which has a process of its own, is quick to import.
"""
