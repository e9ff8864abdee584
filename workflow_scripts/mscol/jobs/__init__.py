"""What every job does: `logs` (its log, and progress with the time left), `backend` (what Keras is to compute with), `parallel`
(many clips at once), `versions` (which code is at work). Imports nothing of mscol but `errors`.
"""
