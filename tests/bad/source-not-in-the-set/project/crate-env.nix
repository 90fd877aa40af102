{ rust, ... }:
let
  root = ./.;
in
{
  toolchain = rust.default;
  env.MAIN = builtins.readFile (root + "/src/main.rs");
}
