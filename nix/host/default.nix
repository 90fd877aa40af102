# The host set: `pkgs`, `rust` and the environment out of what the machine has.
{ tools, arguments }:
let
  inherit (arguments) system host rustToolchain;

  imports = import ./imports.nix { inherit host; };
  derive = import ./derive.nix {
    inherit system;
    paths = host.sandboxPaths;
  };
  set = import ./packages.nix {
    inherit
      tools
      system
      host
      derive
      ;
  };
  toolchainFile = import ../rust/toolchain-file.nix { inherit tools; };
in
{
  inherit system;
  named = arguments.crates or [ ];
  inherit (set) pkgs absent;
  inherit (imports) lacking;
  rust = import ../rust/interface.nix {
    inherit tools toolchainFile;
    adaptor = import ../rust/host.nix {
      inherit
        tools
        host
        imports
        derive
        ;
    };
    directory = rustToolchain;
  };
  toolchain = null;
  crates = { };
  environment = import ../env {
    inherit tools derive;
    inherit (set) pkgs;
    isHost = true;
  };
  units = import ../unit {
    inherit tools system derive;
    inherit (set) pkgs;
    isHost = true;
    counted = arguments.crates or [ ];
  };
  inputs = [ ];
  fetched = [ ];
  problems = [ ];
  warnings = [ ];
}
