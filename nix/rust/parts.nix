# What fenix and rust-overlay have in common: toolchains of rustup's components
# over nixpkgs. See nix/rust/interface.nix.
#
# `find`: channel (never null) -> { version; components; host; aggregate; std; }
# or { problem; }:
#   components  names that are there
#   aggregate   components -> targets -> a derivation with all of them
#   targets     targets whose std is there, or null if that is not known
{
  tools,
  pkgs,
  find,
}:
let
  inherit (builtins) elem filter head;
  inherit (tools) join unique;
  inherit (import ./components.nix) canonical ofProfile;

  builtIn = [
    "cargo"
    "rust-docs"
    "rust-std"
    "rustc"
  ];
  # Part of the sysroot, so that what they change is a change of the toolchain.
  inSysroot = [
    "llvm-tools"
    "rust-src"
    "rustc-dev"
  ];
  programs = {
    clippy = [
      "cargo-clippy"
      "clippy-driver"
    ];
    rustfmt = [
      "cargo-fmt"
      "rustfmt"
      "git-rustfmt"
    ];
    rust-analyzer = [ "rust-analyzer" ];
    miri = [
      "cargo-miri"
      "miri"
    ];
  };

  # One component for `tools`: its programs out of a toolchain that has it, so
  # that they find the libraries they were linked with.
  tool =
    channel: name:
    let
      whole = channel.aggregate [ name ] [ ];
      source = "${whole}/lib/rustlib/src/rust/library";
    in
    pkgs.runCommand "${name}-${channel.version}" { } (
      if name == "rust-src" then
        ''
          mkdir -p $out/lib/rustlib
          ln -s ${whole}/lib/rustlib/src $out/lib/rustlib/src
        ''
      else
        ''
          mkdir -p $out/bin
          for program in ${join " " (programs.${name} or [ name ])}; do
            if [ -e ${whole}/bin/$program ]; then ln -s ${whole}/bin/$program $out/bin/$program; fi
          done
        ''
    )
    // {
      pname = name;
      inherit (channel) version;
      cargoNix.variables = if name == "rust-src" then { RUST_SRC_PATH = source; } else { };
    };

  lacks = channel: name: {
    message = "toolchain ${channel.version} has no component `${name}`; it has: ${
      join ", " (filter (component: !(elem component builtIn)) channel.components)
    }";
    hint = tools.didYouMean name channel.components "leave it out, or name a channel that has it";
  };

  select =
    spec:
    let
      channel = find (if spec.channel == null then "stable" else spec.channel) (spec.sha256 or null);
      asked = filter (name: !(elem name builtIn)) (map canonical spec.components);
      has = name: elem name channel.components;
      lacking = filter (name: !(has name)) asked;
      foreign = if channel.targets == null then [ ] else filter (target: !(elem target channel.targets)) spec.targets;
      wanted = unique (filter has (ofProfile spec.profile) ++ asked);
      component =
        name: if has name then { value = tool channel name; } else { problem = tools.problem (lacks channel name); };
    in
    if channel ? problem then
      {
        key = "channel";
        inherit (channel) problem;
      }
    else if foreign != [ ] then
      {
        key = "targets";
        problem = {
          message = "toolchain ${channel.version} has no std for `${head foreign}`";
          hint = tools.didYouMean (head foreign) channel.targets "`rustc --print target-list` shows the targets that there are";
        };
      }
    else if lacking != [ ] then
      {
        key = "components";
        problem = lacks channel (head lacking);
      }
    else
      {
        value = tools.onlyOutput (
          channel.aggregate (filter (name: elem name inSysroot) wanted) spec.targets
          // {
            inherit component;
            cargoNix = {
              toolchain = true;
              tools = map (tool channel) (filter (name: !(elem name inSysroot)) wanted);
            };
          }
        );
      };
in
{
  inherit select;
}
