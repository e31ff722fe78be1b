"""What is compared: one file each, with one constant ``PART``."""
