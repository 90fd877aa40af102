# Run in the project's directory before cargo-nix.
{
    printf '{ rust, ... }:\n{\n  toolchain = rust.default;\n'
    yes '  # a comment that says nothing at all, very many times' | head -c 10485760
    printf '\n  tols = [ ];\n}\n'
} >crate-env.nix
