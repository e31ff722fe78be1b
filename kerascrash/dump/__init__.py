"""The dump: the ring-buffer file that is the only contract between the two stages."""
