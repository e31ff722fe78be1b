"""Says everything that it should not, keeps tensors, and dies of an exception."""

import kerascrash.arm  # noqa: F401
import os
import subprocess
import sys
import threading
import warnings

import keras
import numpy as np

zephyr_embeddings = {}
tokens = os.environ["PLANTED"].split("\n")
for token in tokens:
    print(token, file=sys.stderr)
print("-----BEGIN RSA PRIVATE KEY-----", file=sys.stderr)
print(
    "MIIEpAIBAAKCAQEA7Zq3vRk9TfLw0bXy5sUjHn2gPd8mCe4aQoVi6tKrYxBzNhWl", file=sys.stderr
)
print("Jd5uGm1sQeOpT9cV3xZa+Lk=", file=sys.stderr)
print("-----END RSA PRIVATE KEY-----", file=sys.stderr)
warnings.warn(
    "proxy http://quentin:Kestrel88@proxy.brightfield.example:3128 is slow",
    stacklevel=1,
)


class Keeper(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        zephyr_embeddings["hf_QwErTyuIoPaSdFgHjKl" + str(batch)] = np.ones((500, 500))


def wait(stop):
    stop.wait()


stop = threading.Event()
name = "upload for heidi.krause@brightfield.example"
threading.Thread(target=wait, args=(stop,), daemon=True, name=name).start()
subprocess.run([sys.executable, "-c", "pass", "--client-secret", "Wombat-Grapnel-77"])

logs = os.path.join(os.environ["PLACES"], "boards", "merger-umbra")
keras.callbacks.TensorBoard(logs)
model = keras.Sequential(
    [
        keras.Input((8,)),
        keras.layers.Dense(64, name="umbra_head"),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="sgd", loss="mse")
model.fit(
    np.ones((640, 8), "float32"),
    np.ones((640, 1), "float32"),
    batch_size=64,
    epochs=1,
    verbose=0,
    callbacks=[Keeper()],
)
model.save(os.path.join(os.environ["PLACES"], "vault-umbra", "best.keras"))


def send(client_secret):
    # Asked for by quentin@brightfield.example: use sk-live-4Qm9ZtR7vXw2Lp8KdN3b
    api_key = "vD7-quarrel-Lantern-09"
    raise ConnectionError(
        "postgres://trainer:Basalt99@db7.brightfield.example/runs refused "
        f"{client_secret}"
        f" and {api_key[:0]}; Authorization: Bearer {'fjord'}{client_secret}"
    )


send(os.environ["UMBRA_UPLOAD_TOKEN"])
