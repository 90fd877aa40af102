# What nix-direnv's `use flake` loads in the benches.
{
  outputs =
    _:
    let
      shell = system: {
        name = system;
        value.default = import ./shell.nix { inherit system; };
      };
    in
    {
      devShells = builtins.listToAttrs (
        map shell [
          "aarch64-darwin"
          "aarch64-linux"
          "x86_64-darwin"
          "x86_64-linux"
        ]
      );
    };
}
