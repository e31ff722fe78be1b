"""
The networks of the forecast benchmark: one maker per architecture.

Each maker returns (model, loss, x, y) for a number of samples; sizes are such that
thirty steps take seconds on two cores and most memory is the batch's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

_RANDOM = np.random.default_rng(0)
Made = tuple[keras.Model, str, Any, Any]


def _images(samples: int, side: int, channels: int) -> Any:
    return _RANDOM.random((samples, side, side, channels), dtype="float32")


def _labels(samples: int, classes: int = 10) -> Any:
    return _RANDOM.integers(0, classes, samples, dtype="int32")


_CLASSES = "sparse_categorical_crossentropy"


def mlp(samples: int) -> Made:
    parts = [keras.Input((256,))]
    parts += [layers.Dense(1024, activation="relu") for _ in range(4)]
    model = keras.Sequential([*parts, layers.Dropout(0.2), layers.Dense(10)])
    x = _RANDOM.random((samples, 256), dtype="float32")
    return model, "mse", x, _RANDOM.random((samples, 10), dtype="float32")


def cnn(samples: int) -> Made:
    parts: list[Any] = [keras.Input((80, 80, 3))]
    for filters in (8, 16, 32):
        parts += [
            layers.Conv2D(filters, 3, padding="same", activation="relu"),
            layers.Conv2D(filters, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
        ]
    parts += [layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(10, "softmax")]
    model = keras.Sequential(parts)
    return model, _CLASSES, _images(samples, 80, 3), _labels(samples)


def _residual(x: Any, filters: int, stride: int) -> Any:
    y = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    if stride > 1:
        x = layers.Conv2D(filters, 1, stride, padding="same")(x)
    return layers.ReLU()(layers.Add()([x, y]))


def resnet(samples: int) -> Made:
    given = keras.Input((64, 64, 3))
    x = layers.Conv2D(16, 3, padding="same")(given)
    for filters, stride in ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2)):
        x = _residual(x, filters, stride)
    x = layers.Dense(10, "softmax")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(given, x), _CLASSES, _images(samples, 64, 3), _labels(samples)


def lstm(samples: int) -> Made:
    model = keras.Sequential(
        [
            keras.Input((60, 32)),
            layers.LSTM(96, return_sequences=True),
            layers.GRU(96),
            layers.Dense(10),
        ]
    )
    x = _RANDOM.random((samples, 60, 32), dtype="float32")
    return model, "mse", x, _RANDOM.random((samples, 10), dtype="float32")


def transformer(samples: int) -> Made:
    given = keras.Input((96,), dtype="int32")
    x = layers.Embedding(2000, 96)(given)
    for _ in range(3):
        y = layers.MultiHeadAttention(4, 24, dropout=0.1)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, y]))
        y = layers.Dense(96)(layers.Dense(384, "gelu")(x))
        x = layers.LayerNormalization()(layers.Add()([x, layers.Dropout(0.1)(y)]))
    x = layers.Dense(10, "softmax")(layers.GlobalAveragePooling1D()(x))
    tokens = _RANDOM.integers(0, 2000, (samples, 96), dtype="int32")
    return keras.Model(given, x), _CLASSES, tokens, _labels(samples)


def unet(samples: int) -> Made:
    given = keras.Input((96, 96, 3))
    x, kept = given, []
    for filters in (12, 24, 48):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        kept.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    for filters, skip in zip((48, 24, 12), reversed(kept), strict=True):
        x = layers.Conv2DTranspose(filters, 2, 2, activation="relu")(x)
        x = layers.Concatenate()([x, skip])
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(3, 1, activation="sigmoid")(x)
    images = _images(samples, 96, 3)
    return keras.Model(given, x), "mse", images, images


def embedding(samples: int) -> Made:
    model = keras.Sequential(
        [
            keras.Input((48,), dtype="int32"),
            layers.Embedding(100_000, 48),
            layers.Flatten(),
            layers.Dense(256, "relu"),
            layers.Dense(1),
        ]
    )
    tokens = _RANDOM.integers(0, 100_000, (samples, 48), dtype="int32")
    return model, "mse", tokens, _RANDOM.random((samples, 1), dtype="float32")


class Mixer(layers.Layer):  # type: ignore[misc]
    """A custom layer with layers of its own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = layers.Dense(width * 2, activation="relu")
        self.second = layers.Dense(width)
        self.norm = layers.LayerNormalization()

    def call(self, x: Any) -> Any:
        return self.norm(x + self.second(self.first(x)))


class Subclassed(keras.Model):  # type: ignore[misc]
    """A model whose graph nobody knows: only its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = layers.Conv1D(64, 5, padding="same", activation="relu")
        self.mixers = [Mixer(64) for _ in range(3)]
        self.pool = layers.GlobalAveragePooling1D()
        self.head = layers.Dense(10)

    def call(self, x: Any) -> Any:
        x = self.conv(x)
        for mixer in self.mixers:
            x = mixer(x)
        return self.head(self.pool(x))


def subclassed(samples: int) -> Made:
    x = _RANDOM.random((samples, 128, 16), dtype="float32")
    y = _RANDOM.random((samples, 10), dtype="float32")
    return Subclassed(), "mse", x, y


MAKERS: dict[str, Callable[[int], Made]] = {
    "mlp": mlp, "cnn": cnn, "resnet": resnet, "lstm": lstm,
    "transformer": transformer, "unet": unet, "embedding": embedding,
    "subclassed": subclassed,
}  # fmt: skip
