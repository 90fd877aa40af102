# A project's crate-env.nix as a mkShell, for the `devShells` of its own flake:
# what `cargo nix develop` gives, to those who only have `nix develop`.
#
#   devShells.${system}.default = cargo-nix.lib.mkShell {
#     pkgs = nixpkgs.legacyPackages.${system};
#     root = ./.;
#   };
#
# `rust`, `toolchain`: as in the output `cargoNix.<system>`. rust-toolchain.toml
# is looked for in `root`. Problems are errors with file, line and column.
{
  pkgs,
  root,
  rust ? null,
  toolchain ? null,
}:
let
  inherit (builtins) map pathExists;
  tools = import ../lib { snapshot = root; };

  hasToolchainFile =
    pathExists (tools.inSnapshot "" "rust-toolchain.toml") || pathExists (tools.inSnapshot "" "rust-toolchain");

  sources = {
    inherit pkgs toolchain;
    inherit (pkgs.stdenv.hostPlatform) system;
    absent = { };
    crates = { };
    lacking = _: [ ];
    environment = shell;
    rust =
      if rust != null then
        { select = _: { value = rust.default; }; } // rust
      else
        import ../rust/interface.nix {
          inherit tools;
          toolchainFile = import ../rust/toolchain-file.nix { inherit tools; };
          directory = if hasToolchainFile then "" else null;
          adaptor =
            if pkgs ? rust-bin then
              import ../rust/rust-overlay.nix { inherit tools pkgs; }
            else
              import ../rust/nixpkgs.nix { inherit tools pkgs; };
        };
  };

  shell =
    merged:
    if merged.shell != null then
      merged.shell
    else
      pkgs.mkShell (
        merged.env
        // {
          packages =
            tools.optional (merged.toolchain != null) merged.toolchain ++ merged.tools ++ merged.nativeBuildInputs;
          inherit (merged) buildInputs shellHook;
        }
      );

  layer = import ../lib/layer.nix { inherit tools sources; } "";
  merged = import ../lib/layers.nix { inherit tools sources; } [ layer ];
  problems = if layer.problems != [ ] then layer.problems else merged.problems;

  text =
    problem:
    (if problem.file or null == null then "" else "${problem.file}:${toString problem.line}:${toString problem.column}: ")
    + problem.message
    + (if problem.hint or null == null then "" else "\n  ${problem.hint}");
in
if problems != [ ] then throw (tools.join "\n" (map text problems)) else merged.env
