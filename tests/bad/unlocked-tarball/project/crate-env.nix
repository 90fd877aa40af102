{ rust, ... }:
let
  source = builtins.fetchTarball "https://example.org/nixpkgs.tar.gz";
in
{
  toolchain = rust.default;
  env.SOURCE = "${source}";
}
