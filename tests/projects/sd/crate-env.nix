{ rust }: { toolchain = rust.default; }
