"""What `kerascrash demo` runs: a real script, a real limit, a real death."""
