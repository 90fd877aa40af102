# Toolchains of rust-overlay: every release, and nightlies by date.
{ tools, pkgs }:
let
  inherit (builtins)
    attrNames
    elemAt
    filter
    foldl'
    head
    match
    ;
  inherit (import ./components.nix) canonical;
  inherit (pkgs) rust-bin;

  # Dates and versions of a channel, for messages.
  known = set: filter (name: name != "latest") (attrNames set);
  newest = set: foldl' (best: name: if builtins.compareVersions best name < 0 then name else best) "" (known set);

  absent = channel: set: {
    problem = {
      message = "rust-overlay has no toolchain `${channel}`; its newest are ${rust-newest}";
      hint = tools.didYouMean channel (known set) "update it: `nix flake update rust-overlay` (or `npins update rust-overlay`)";
    };
  };
  rust-newest = tools.join ", " (
    tools.optional (rust-bin ? stable) (newest rust-bin.stable)
    ++ tools.optional (rust-bin ? nightly) "nightly-${newest rust-bin.nightly}"
  );

  # channel -> the set of profiles and components, or null.
  lookup =
    channel:
    let
      dated = match "(nightly|beta)-([0-9]{4}-[0-9]{2}-[0-9]{2})" channel;
      minor = match "[0-9]+\\.[0-9]+" channel != null;
      versions = filter (version: tools.hasPrefix "${channel}." version) (known rust-bin.stable);
    in
    if dated != null then
      rust-bin.${head dated}.${elemAt dated 1} or null
    else if rust-bin ? ${channel}.latest then
      rust-bin.${channel}.latest
    else if minor && versions != [ ] then
      rust-bin.stable.${newest (builtins.listToAttrs (map (name: { inherit name; value = null; }) versions))}
    else
      rust-bin.stable.${channel} or null;

  find =
    channel: _:
    let
      set = lookup channel;
    in
    if set == null then
      absent channel rust-bin.stable
    else
      {
        version = set.minimal.version or channel;
        components = map canonical (
          filter (name: match "_.*" name == null && name != "minimal" && name != "default" && name != "complete") (attrNames set)
        );
        targets = null;
        aggregate =
          components: targets:
          if components == [ ] && targets == [ ] then
            set.minimal
          else
            set.minimal.override {
              extensions = components;
              inherit targets;
            };
      };
in
import ./parts.nix { inherit tools pkgs find; }
