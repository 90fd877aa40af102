//! Slots of realised environments, by key.
