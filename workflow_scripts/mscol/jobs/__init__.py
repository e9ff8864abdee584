"""Helpers of all jobs: `logs` (logging and progress), `parallel` (threads over clips), `devices` (GPUs per job), `backend` (the
backend of Keras), `compiled` (the cache of JAX), `chatter` (filtered messages of frameworks), `callables` (functions of users),
`energy`, `cards`, `extras`, `versions`. Of mscol, it imports only `errors`.
"""
