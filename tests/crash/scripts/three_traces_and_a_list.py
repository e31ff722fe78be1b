"""Three shapes are traced at the start, as is normal; a list keeps what leaks."""

import kerascrash.arm  # noqa: F401
import keras
import tensorflow as tf

model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1000)])
optimizer = keras.optimizers.SGD(0.01)


@tf.function
def train_step(batch):
    with tf.GradientTape() as tape:
        output = model(batch, training=True)
        loss = tf.reduce_mean(output**2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return output


def main():
    sizes = (100, 500, 1000)
    batches = [tf.ones((size, 64)) for size in sizes]
    seen = []
    for step in range(100_000):
        seen.append(train_step(batches[step % 3]))
        print("TRUTH steps", step + 1, flush=True)


main()
