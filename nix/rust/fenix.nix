# Toolchains of fenix: its own stable, beta and nightly, and by hash any other.
{
  tools,
  pkgs,
  fenix,
}:
let
  inherit (builtins)
    attrNames
    elem
    filter
    match
    ;
  inherit (import ./components.nix) canonical;

  sets = {
    inherit (fenix) stable beta;
    nightly = fenix.latest;
  };
  # Whole toolchains stand beside the components, and some of these have two names.
  isComponent = set: name: tools.isDerivation set.${name} && match ".*[tT]oolchain" name == null;
  names = set: tools.unique (map canonical (filter (isComponent set) (attrNames set)));
  part = set: name: set.${name} or set."${name}-preview";

  # A set of components, and that of another target.
  channelOf =
    {
      version,
      set,
      forTarget,
      targets,
    }:
    {
      inherit version targets;
      components = names set;
      aggregate =
        components: wanted:
        fenix.combine (
          map (part set) (
            [
              "rustc"
              "cargo"
              "rust-std"
            ]
            ++ components
          )
          ++ map (target: (forTarget target).rust-std) wanted
        );
    };

  # The version that a channel's set has, where its data tells.
  versionOf = set: let found = match "([0-9.]+).*" (set.manifest.pkg.rustc.version or ""); in if found == null then null else builtins.head found;
  stableVersion = versionOf fenix.stable;
  isStable =
    channel:
    stableVersion != null && (channel == stableVersion || match "[0-9]+\\.[0-9]+" channel != null && tools.hasPrefix "${channel}." stableVersion);

  find =
    channel: sha256:
    let
      name = if isStable channel then "stable" else channel;
      attribute = if name == "nightly" then "latest" else name;
      byHash = fenix.fromToolchainName {
        name = channel;
        inherit sha256;
      };
    in
    if sets ? ${name} then
      channelOf {
        version = name;
        set = sets.${name};
        targets = filter (target: fenix.targets.${target} ? ${attribute}.rust-std) (attrNames fenix.targets);
        forTarget = target: fenix.targets.${target}.${attribute};
      }
    else if sha256 == null then
      {
        problem = {
          message = "fenix itself has the channels ${tools.join ", " (attrNames sets)}; of `${channel}` it needs the hash";
          hint = "write `toolchain = rust.fromFile { file = ./rust-toolchain.toml; sha256 = \"\"; };` and put in what Nix says it got; or use rust-overlay, which knows the hashes";
        };
      }
    else
      channelOf {
        version = channel;
        set = byHash;
        targets = null;
        forTarget =
          target:
          fenix.targets.${target}.fromToolchainName {
            name = channel;
            inherit sha256;
          };
      };
in
import ./parts.nix { inherit tools pkgs find; }
