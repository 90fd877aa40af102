# The host set: `pkgs`, `rust` and the environment out of what the machine has.
{ tools, arguments }:
let
  inherit (arguments) system host rustToolchain;

  imports = import ./imports.nix { inherit host; };
  set = import ./packages.nix { inherit tools system host; };
  toolchainFile = import ../rust/toolchain-file.nix { inherit tools; };
in
{
  inherit system;
  inherit (set) pkgs absent;
  inherit (imports) lacking;
  rust = import ../rust/interface.nix {
    inherit tools toolchainFile;
    adaptor = import ../rust/host.nix {
      inherit
        tools
        system
        host
        imports
        ;
    };
    directory = rustToolchain;
  };
  toolchain = null;
  crates = { };
  environment = import ../env {
    inherit tools system;
    inherit (set) pkgs;
    isHost = true;
  };
  inputs = [ ];
  problems = [ ];
  warnings = [ ];
}
