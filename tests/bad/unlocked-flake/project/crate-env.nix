{ rust, ... }:
let
  flake = builtins.getFlake "github:example/example";
in
{
  toolchain = rust.default;
  env.SOURCE = "${flake}";
}
