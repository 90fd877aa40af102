# Toolchains of the machine's rustup: imported component by component, joined
# by links. See nix/rust/interface.nix for what is given, src/host/mod.rs for
# what the machine is described by.
{
  tools,
  host,
  imports,
  derive,
}:
let
  inherit (builtins)
    attrNames
    elem
    filter
    head
    match
    replaceStrings
    ;
  inherit (tools)
    concatMap
    hasPrefix
    join
    optionals
    unique
    ;
  inherit (import ./components.nix) canonical ofProfile;

  toolchains = host.rust.toolchains or { };
  names = attrNames toolchains;

  shorten = name: toolchain: replaceStrings [ "-${toolchain.host}" ] [ "" ] name;
  overview = join ", " (
    map (
      name:
      let
        toolchain = toolchains.${name};
        short = shorten name toolchain;
      in
      if short == toolchain.version then short else "${short} (${toolchain.version})"
    ) names
  );

  # Whether toolchain `name` is what `channel` means to rustup.
  matches =
    channel: name:
    let
      toolchain = toolchains.${name};
      dated = match "(nightly|beta)-([0-9]{4}-[0-9]{2}-[0-9]{2})" channel;
      minor = match "[0-9]+\\.[0-9]+" channel != null;
      exact = match "[0-9]+\\.[0-9]+\\.[0-9]+.*" channel != null;
    in
    if name == channel || name == "${channel}-${toolchain.host}" then
      true
    else if dated != null then
      toolchain.date or null == builtins.elemAt dated 1 && match ".*-${head dated}.*" toolchain.version != null
    else if minor then
      hasPrefix "${channel}." toolchain.version && match "[0-9.]+" toolchain.version != null
    else if exact then
      toolchain.version == channel
    else
      false;

  channels = [
    "beta"
    "nightly"
    "stable"
  ];

  # Whether rustup could have it, by its form.
  isChannel =
    channel:
    match "(stable|beta|nightly|[0-9]+\\.[0-9]+(\\.[0-9]+)?(-beta(\\.[0-9]+)?)?)(-[0-9]{4}-[0-9]{2}-[0-9]{2})?(-[a-z0-9_]+-.*)?" channel
    != null;

  # Of several, the one that rustup itself would call so.
  find =
    channel:
    let
      candidates = filter (matches channel) names;
      exact = filter (name: name == channel || name == "${channel}-${toolchains.${name}.host}") candidates;
    in
    if exact != [ ] then
      head exact
    else if candidates != [ ] then
      head candidates
    else
      null;

  byDefault =
    let
      stable = find "stable";
      default = host.rust.default or null;
    in
    if stable != null then
      stable
    else if default != null && toolchains ? ${default} then
      default
    else if names != [ ] then
      head names
    else
      null;

  ignored = [
    "rust-docs"
    "rust-docs-json"
    "rust-mingw"
    "rust-analysis"
    "rustc-docs"
  ];
  inSysroot = [
    "cargo"
    "llvm-tools"
    "rust-src"
    "rust-std"
    "rustc"
  ];

  select =
    spec:
    let
      name = if spec.channel == null then byDefault else find spec.channel;
      toolchain = toolchains.${name};
      asked = filter (component: !(elem component ignored)) (map canonical spec.components);
      has = component: toolchain.components ? ${component};
      profile = filter has (ofProfile spec.profile);
      lackingComponents = filter (component: component != "rust-std" && !(has component)) asked;
      targets = unique ([ toolchain.host ] ++ spec.targets);
      lackingTargets = filter (target: !(has "rust-std-${target}")) targets;
      wanted = unique (profile ++ asked);
    in
    if name == null && spec.channel == null then
      {
        key = "channel";
        none = true;
        problem = {
          message = "this machine has no Rust toolchain: none of rustup's (in $RUSTUP_HOME, else ~/.rustup), and none of the system's";
          hint = "run `rustup toolchain install stable --profile minimal`, or take one from nixpkgs, fenix or rust-overlay";
        };
      }
    else if name == null then
      {
        key = "channel";
        problem = {
          message = "the toolchain `${spec.channel}` is not on this machine, which has: ${
            if names == [ ] then "none" else overview
          }";
          hint =
            if isChannel spec.channel then
              "run `rustup toolchain install ${spec.channel} --profile minimal`, or take it from fenix or rust-overlay"
            else
              tools.didYouMean spec.channel channels
                "a channel is `stable`, `beta`, `nightly`, `nightly-<year>-<month>-<day>` or a version, as `1.90`";
        };
      }
    else if lackingTargets != [ ] then
      {
        key = "targets";
        problem = {
          message = "the target `${head lackingTargets}` is not on this machine; toolchain ${shorten name toolchain} has: ${join ", " (targetsOf toolchain)}";
          hint = tools.didYouMean (head lackingTargets) (targetsOf toolchain) "run `rustup target add --toolchain ${shorten name toolchain} ${join " " lackingTargets}`; `rustc --print target-list` shows the targets that there are";
        };
      }
    else if lackingComponents != [ ] then
      {
        key = "components";
        problem = lacksComponent name (head lackingComponents);
      }
    else
      {
        value = make {
          inherit name targets;
          extra = filter (component: elem component inSysroot) wanted;
          programs = filter (component: !(elem component inSysroot)) wanted;
        };
      };

  targetsOf =
    toolchain:
    concatMap (
      component:
      let
        target = match "rust-std-(.*)" component;
      in
      optionals (target != null) target
    ) (attrNames toolchain.components);

  # What releases have, as `canonical` names it.
  released = [
    "cargo"
    "clippy"
    "llvm-bitcode-linker"
    "llvm-tools"
    "miri"
    "rust-analyzer"
    "rust-docs"
    "rust-src"
    "rust-std"
    "rustc"
    "rustc-dev"
    "rustfmt"
  ];

  lacksComponent = name: component: {
    message = "the component `${component}` is not on this machine for toolchain ${shorten name toolchains.${name}}";
    hint =
      let
        add = "run `rustup component add --toolchain ${shorten name toolchains.${name}} ${component}`";
      in
      if elem component released then
        add
      else
        tools.didYouMean component released "this toolchain has: ${join ", " (componentsOf toolchains.${name})}; releases have: ${join ", " released}";
  };

  # Those that may be asked for by name.
  componentsOf =
    toolchain: filter (component: match "rust-std-.*" component == null) (attrNames toolchain.components);

  importOf =
    toolchain: component:
    let
      part = toolchain.components.${component};
    in
    {
      inherit (part) id files;
      inherit (toolchain) root;
      name = "${component}-${part.version or toolchain.version}";
    };

  build =
    name: script: attributes:
    derive (
      {
        inherit name;
        args = [
          "-eu"
          script
        ];
      }
      // attributes
    );

  # The toolchain `name` with the std of `targets`, `extra` components in its
  # sysroot, and `programs` that come with it on PATH but are not part of it.
  make =
    {
      name,
      targets,
      extra,
      programs,
    }:
    let
      toolchain = toolchains.${name};
      parts = map (importOf toolchain) (
        unique (
          [
            "rustc"
            "cargo"
          ]
          ++ map (target: "rust-std-${target}") targets
          ++ filter (component: component != "rust-std") extra
        )
      );
      joined = build "rust-${toolchain.version}" ./join.sh {
        components = imports.require parts (map imports.path parts);
      };
      component =
        program:
        if toolchain.components ? ${program} then
          { value = makeTool program (importOf toolchain program); }
        else
          { problem = tools.problem (lacksComponent name program); };
      makeTool =
        program: part:
        let
          needed = tools.unique ([ part ] ++ parts);
          tool = build part.name ./tool.sh {
            component = imports.require needed (imports.path part);
            rustc = imports.path (importOf toolchain "rustc");
            sysroot = joined;
          };
          source = build part.name ./source.sh { component = imports.require [ part ] (imports.path part); };
        in
        (if program == "rust-src" then source else tool)
        // {
          pname = program;
          inherit (toolchain) version;
          cargoNix = {
            imports = if program == "rust-src" then [ part ] else needed;
            variables =
              if program == "rust-src" then { RUST_SRC_PATH = "${source}/lib/rustlib/src/rust/library"; } else { };
          };
        };
    in
    joined
    // {
      pname = "rust";
      inherit (toolchain) version;
      inherit component;
      cargoNix = {
        imports = parts;
        tools = map (program: (component program).value) programs;
      };
    };
in
{
  inherit select;
}
