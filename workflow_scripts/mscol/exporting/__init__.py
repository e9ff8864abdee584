"""Encoders as files that run without Keras: ONNX, PyTorch's exported programs, TensorFlow's SavedModels.

`formats` says which there are and what each needs. `graphs` is what an export computes, written on `keras.ops`; `conversion` traces it, in a process of
its own, with the backend that the format asks for, and `export` sees to that and holds the result against the encoder.
`about` is what a file says of itself, `runtimes` runs it, and `onnx_encoder` takes an ONNX file for an encoder, with nothing but onnxruntime.
"""
