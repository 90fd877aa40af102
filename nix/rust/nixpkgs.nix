# The one toolchain that nixpkgs has. See nix/rust/interface.nix.
{ tools, pkgs }:
let
  inherit (builtins) elem filter head match;
  inherit (tools) join unique;
  inherit (import ./components.nix) canonical ofProfile;

  version = pkgs.rustc.version;
  host = pkgs.stdenv.hostPlatform.rust.rustcTarget or pkgs.stdenv.hostPlatform.config;
  others = "for others, add fenix or rust-overlay to the inputs of flake.nix (or npins)";

  builtIn = [
    "cargo"
    "rust-docs"
    "rust-std"
    "rustc"
  ];
  components = {
    inherit (pkgs) clippy rustfmt rust-analyzer;
    rust-src = source;
  };
  source = pkgs.runCommand "rust-src-${version}" { } ''
    mkdir -p $out/lib/rustlib/src/rust
    ln -s ${pkgs.rustPlatform.rustLibSrc} $out/lib/rustlib/src/rust/library
  ''
  // {
    cargoNix.variables.RUST_SRC_PATH = "${pkgs.rustPlatform.rustLibSrc}";
  };

  component =
    name:
    if components ? ${name} then
      { value = components.${name}; }
    else
      {
        problem = tools.problem {
          message = "nixpkgs has no component `${name}`; it has: ${join ", " (builtins.attrNames components)}";
          hint = tools.didYouMean name (builtins.attrNames components) others;
        };
      };

  isOurs =
    channel:
    channel == "stable" || channel == version || match "[0-9]+\\.[0-9]+" channel != null && tools.hasPrefix "${channel}." version;

  toolchain =
    programs:
    tools.onlyOutput (pkgs.symlinkJoin {
      name = "rust-${version}";
      paths = [
        pkgs.rustc
        pkgs.cargo
      ];
    }
    // {
      pname = "rust";
      inherit version component;
      cargoNix = {
        toolchain = true;
        tools = map (name: components.${name}) programs;
      };
    });

  select =
    spec:
    let
      asked = filter (name: !(elem name builtIn)) (map canonical spec.components);
      lacking = filter (name: !(components ? ${name})) asked;
      foreign = filter (target: target != host) spec.targets;
      profile = filter (name: components ? ${name}) (ofProfile spec.profile);
    in
    if spec.channel != null && !(isOurs spec.channel) then
      {
        key = "channel";
        problem = {
          message = "nixpkgs has no toolchain `${spec.channel}`; it has ${version} (stable)";
          hint = others;
        };
      }
    else if foreign != [ ] then
      {
        key = "targets";
        problem = {
          message = "nixpkgs' rustc has no std for `${head foreign}`; it has that of ${host}";
          hint = others;
        };
      }
    else if lacking != [ ] then
      {
        key = "components";
        inherit ((component (head lacking))) problem;
      }
    else
      { value = toolchain (unique (profile ++ asked)); };
in
{
  inherit select;
}
