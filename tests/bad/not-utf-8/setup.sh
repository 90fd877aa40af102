# Run in the project's directory before cargo-nix.
printf '{ rust, ... }:\n{\n  toolchain = rust.default;\n  env.A = "\377\376";\n}\n' >crate-env.nix
