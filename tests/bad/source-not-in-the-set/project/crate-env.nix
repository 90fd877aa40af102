{ rust, ... }:
{
  toolchain = rust.default;
  env.MAIN = builtins.readFile (./. + "/src/main.rs");
}
