{ rust, ... }:
{
  toolchain = rust.default;
  buildInputs = [
    (derivation {
      name = "mismatch";
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "echo content > $out" ];
      outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
      outputHashMode = "flat";
    })
  ];
}
