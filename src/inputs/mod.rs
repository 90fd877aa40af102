//! The input set of a project: discovered, hashed into a key, snapshotted.
