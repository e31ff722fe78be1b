"""Systems other than Linux: what psutil tells of the process and the machine."""

from __future__ import annotations


class PsutilReadings:
    """Reader through psutil, which is imported only where it is needed."""

    def __init__(self, pid: int) -> None:
        import psutil

        self._psutil = psutil
        self._process = psutil.Process(pid)

    def read(self, values: dict[str, int]) -> None:
        host = self._psutil.virtual_memory()
        values["host_total"] = host.total
        values["host_available"] = host.available
        values["swap_free"] = self._psutil.swap_memory().free
        try:
            with self._process.oneshot():
                memory = self._process.memory_info()
                values["rss"], values["vms"] = memory.rss, memory.vms
                values["threads"] = self._process.num_threads()
                times = self._process.cpu_times()
                values["cpu_us"] = int((times.user + times.system) * 1e6)
            # Windows calls the high-water mark peak_wset; others do not tell it.
            peak = getattr(memory, "peak_wset", None)
            if peak is not None:
                values["rss_peak"] = int(peak)
        except self._psutil.Error:
            return

    def close(self) -> None:
        return


PROBE = PsutilReadings
