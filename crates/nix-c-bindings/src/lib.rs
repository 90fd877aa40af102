//! Raw bindings to the C API of the installed libnix.
