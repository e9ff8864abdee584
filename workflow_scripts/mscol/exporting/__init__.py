"""Export encoders to files that run without Keras: ONNX, PyTorch's exported programs, TensorFlow's SavedModels.

`formats` lists the formats and what each needs. `graphs` defines what an export computes, with `keras.ops`. `conversion` traces it in a
separate process with the backend that the format requires. `export` starts that process and compares the result with the encoder.
`about` describes a file, `runtimes` runs it, and `onnx_encoder` loads an ONNX file as an encoder with onnxruntime only.
"""
