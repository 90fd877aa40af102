{ rust, ... }:
{
  toolchain = rust.default;
  buildInputs = [
    (derivation {
      name = "broken";
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "echo the disk is made of cheese >&2; exit 3" ];
    })
  ];
}
