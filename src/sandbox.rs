//! Start, listen, stop: a sandbox on its own thread and runtime.
