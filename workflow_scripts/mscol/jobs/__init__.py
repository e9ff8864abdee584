"""What every job does: `logs` (its log, and progress with the time left), `parallel` (many clips at once), `devices` (a GPU of its
own), `backend` (what Keras computes with), `chatter` (what its log is spared), `versions` (which code is at work). Imports nothing of mscol but `errors`.
"""
