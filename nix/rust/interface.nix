# `rust`, the same over every source of toolchains:
#
#   rust.default             what rust-toolchain.toml says, else stable minimal
#   rust.minimal             the same channel: rustc, cargo, std, nothing else
#   rust.fromFile ./file     a rust-toolchain.toml or rust-toolchain; with fenix
#                            also `{ file; sha256; }` (the hash of the channel)
#   rust.fromChannel "1.90"  a channel as rustup names it, minimal
#   rust.withComponents [ ]  rust.default and these
#   rust.withTargets [ ]     rust.default and the std of these
#   rust.<component>         clippy, rustfmt, rust-analyzer, rust-src, llvm-tools:
#                            for `tools`; of the toolchain that is chosen
#
# A toolchain has `withComponents`, `withTargets` and the components too.
#
# An adaptor gives `select`: { channel; profile; components; targets; sha256 ? ; } with
# null for what is not said -> { value = toolchain; } or
# { problem = { message; hint; }; key = which of the four is at fault; none ? }, with
# `none = true` where there is no toolchain at all to choose from.
# Its toolchains are derivations with `cargoNix` = { imports; tools; spec; } and
# `component`: name -> { value; } or { problem; }.
{
  tools,
  adaptor,
  toolchainFile,
  # The directory with rust-toolchain.toml, or null.
  directory,
}:
let
  inherit (builtins) elem listToAttrs;

  components = [
    "clippy"
    "llvm-tools"
    "rust-analyzer"
    "rust-src"
    "rustfmt"
  ];

  stable = {
    channel = null;
    profile = "minimal";
    components = [ ];
    targets = [ ];
  };

  # The specification of rust-toolchain.toml, or stable.
  given = if directory == null then { value = stable; } else toolchainFile.readDirectory directory;

  # A result, with the problem placed where the specification stands.
  choose =
    spec:
    let
      result = adaptor.select (unplaced spec);
      place = if spec ? placeOf && result ? key then spec.placeOf result.key else spec.place or null;
    in
    if result ? problem then
      {
        problem = tools.problem (result.problem // { inherit place; });
        none = result.none or false;
      }
    else
      { value = extend spec result.value; };

  # What a call in a crate-env.nix asked for: what cannot be had is thrown here,
  # so that the trace ends at the call, unless it stands elsewhere.
  demand =
    result:
    if result ? problem && result.problem.file == null then throw (text result.problem) else force result;

  # The argument of such a call, which must be a list of names.
  namesFor =
    method: argument:
    if !(builtins.isList argument) || !(builtins.all builtins.isString argument) then
      throw "`rust.${method}` takes a list of names, but it is given ${tools.describe argument}${
        if builtins.isList argument then " of something else" else ""
      }\n  write `${method} [ \"name\" ]`"
    else
      argument;

  # The specification without its places: what is added to it stands elsewhere.
  unplaced =
    spec:
    removeAttrs spec [
      "place"
      "placeOf"
    ];

  # What cannot be had is a toolchain too, until it is used: the layers find its
  # problem and tell it with its place.
  force = result: if result ? problem then poison result.problem else result.value;
  poison =
    problem:
    let
      poisoned = {
        type = "derivation";
        name = "rust";
        outPath = throw (text problem);
        drvPath = throw (text problem);
        outputName = "out";
        cargoNix = {
          inherit problem;
        };
        component = _: { inherit problem; };
        withComponents = _: poisoned;
        withTargets = _: poisoned;
      };
    in
    named poisoned // poisoned;
  text = problem: problem.message + (if problem.hint == null then "" else "\n  ${problem.hint}");

  named = toolchain: listToAttrs (
    map (name: {
      inherit name;
      value = force (toolchain.component name);
    }) components
  );

  # Methods of a toolchain.
  extend =
    spec: toolchain:
    named toolchain
    // toolchain
    // {
      withComponents =
        more:
        demand (choose (unplaced spec // { components = spec.components ++ namesFor "withComponents" more; }));
      withTargets =
        more: demand (choose (unplaced spec // { targets = spec.targets ++ namesFor "withTargets" more; }));
    };

  select = spec: if spec != null then choose spec else if given ? problem then given else choose given.value;
  default = force (select null);

  # `rust.clippy` follows the toolchain that the layers choose at last; used by
  # itself, it is that of `rust.default`. Nothing is forced before it is used.
  follow = name: value: {
    type = "derivation";
    inherit name;
    inherit (value)
      drvPath
      outPath
      outputName
      ;
    outputs = [ "out" ];
    cargoNix.ofToolchain =
      toolchain: if toolchain ? component then force (toolchain.component name) else value;
  };
in
builtins.mapAttrs follow (named default)
// {
  inherit select default;
  minimal = force (
    if given ? problem then
      given
    else
      choose (
        given.value
        // {
          profile = "minimal";
          components = [ ];
        }
      )
  );
  fromFile =
    argument:
    let
      isSet = builtins.isAttrs argument && argument ? file;
      read = toolchainFile.read (if isSet then argument.file else argument);
      sha256 = if isSet then argument.sha256 or null else null;
    in
    demand (if read ? problem then read else choose (read.value // { inherit sha256; }));
  fromChannel =
    channel:
    if !(builtins.isString channel) then
      throw "`rust.fromChannel` takes a string, but it is given ${tools.describe channel}\n  put it into quotes, as `rust.fromChannel \"1.90\"`"
    else
      demand (choose (stable // { inherit channel; }));
  inherit (default) withComponents withTargets;
}
