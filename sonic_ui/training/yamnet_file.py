"""YAMNet's weights from the file that Google released for TFLite, or from a bundle that has them.

The file is "lite-model_yamnet_classification_tflite_1.tflite" (Apache-2.0, 4,126,810 bytes); the sdist of the
PyPI package `bark-monitor` 1.0.1 holds a copy. To read it takes the package `tflite`.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from sonic_ui.models.quantized import QuantizedConv2d
from sonic_ui.models.yamnet import YamnetFeatures


@cache
def yamnet_weights(path: Path) -> dict[str, Tensor]:
    """The state of `YamnetFeatures` from the TFLite file, or from the safetensors of a bundle's audio
    encoder.

    Raises FileNotFoundError where there is no file, ValueError where it holds no such weights.
    """
    if path.suffix == ".tflite":
        return read_tflite(path)
    own = {name: value for name, value in load_file(path).items() if name.startswith("yamnet.")}
    if not own:
        raise ValueError(f"There are no weights of YAMNet in {path}.")
    return {name.removeprefix("yamnet."): _float(value) for name, value in own.items()}


def _float(value: Tensor) -> Tensor:
    return value if value.dtype == torch.int8 else value.float()


def read_tflite(path: Path) -> dict[str, Tensor]:
    """The convolutions of the TFLite file as the state of `YamnetFeatures`: its int8 weights as they are.

    Raises ValueError where they are not those of YAMNet.
    """
    import tflite

    model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
    graph = model.Subgraphs(0)
    kinds = (tflite.BuiltinOperator.CONV_2D, tflite.BuiltinOperator.DEPTHWISE_CONV_2D)
    operators = [graph.Operators(i) for i in range(graph.OperatorsLength())]
    found = [(one, _code(model, one)) for one in operators if _code(model, one) in kinds]
    features = YamnetFeatures()
    layers = [layer for layer in features.layers if isinstance(layer, QuantizedConv2d)]
    for layer, (operator, code) in zip(layers, found, strict=False):
        _, weight, bias = (_tensor(model, graph, int(i)) for i in operator.InputsAsNumpy())
        order = (3, 0, 1, 2) if code == tflite.BuiltinOperator.DEPTHWISE_CONV_2D else (0, 3, 1, 2)
        values = torch.from_numpy(weight[0].transpose(order).copy())
        if values.shape != layer.weight_int8.shape or values.dtype != torch.int8:
            given = f"{tuple(values.shape)}, {values.dtype}"
            raise ValueError(f"{path.name} is not YAMNet: {given} where {layer.weight_int8.shape} is needed.")
        layer.weight_int8.copy_(values)
        layer.weight_scale.copy_(torch.from_numpy(weight[1]))
        layer.bias.copy_(torch.from_numpy(bias[0] * bias[1]))
    return features.state_dict()


def _code(model: Any, operator: Any) -> int:
    code = model.OperatorCodes(operator.OpcodeIndex())
    return max(code.BuiltinCode(), code.DeprecatedBuiltinCode())


def _tensor(model: Any, graph: Any, number: int) -> tuple[Any, Any]:
    """Stored whole numbers of a tensor and their steps; nothing of one that is computed."""
    import tflite

    tensor = graph.Tensors(number)
    data = model.Buffers(tensor.Buffer()).DataAsNumpy()
    if isinstance(data, int):
        return None, None
    kind = {tflite.TensorType.INT8: np.int8, tflite.TensorType.INT32: np.int32}[tensor.Type()]
    return data.view(kind).reshape(tensor.ShapeAsNumpy()), tensor.Quantization().ScaleAsNumpy().copy()
