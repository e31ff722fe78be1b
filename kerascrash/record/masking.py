"""What of the environment may leave the process: an allow-list of variables."""

from __future__ import annotations

import re

from kerascrash.dump.masking import MASK, SECRET_NAME, mask_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ALLOWED = re.compile(
    r"(CUDA|TF|XLA|KERAS|KERASCRASH|JAX|TORCH|PYTORCH|NCCL|NVIDIA|CUDNN|CUBLAS|"
    r"ONEDNN|DNNL|MKL|KMP|OMP|GOMP|OPENBLAS|NUMEXPR|MALLOC|TCMALLOC|HOROVOD|SLURM|PBS|"
    r"LSB|OMPI|PMI)_.*|TF2_.*|KERASCRASH|GLIBC_TUNABLES|LD_(LIBRARY_PATH|PRELOAD)|"
    r"PYTHON(HASHSEED|MALLOC|FAULTHANDLER|UNBUFFERED|OPTIMIZE|DEVMODE)|"
    r"(RANK|WORLD_SIZE|LOCAL_RANK|VIRTUAL_ENV|CONDA_DEFAULT_ENV|LANG|LC_ALL|TMPDIR)"
)


def allowed_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a report may show, secret-looking values masked."""
    shown = {}
    for name, value in environ.items():
        if _ALLOWED.fullmatch(name) and name != "KERASCRASH_PARENT":
            secret = SECRET_NAME.search(name.replace("_", "-"))
            shown[name] = MASK if secret else mask_text(value)
    return shown
