# Packages of the machine under the names that nixpkgs gives them: small
# derivations of links to programs, libraries and headers, and copies of .pc
# files. What they point to stays on the machine; its identity is part of each
# derivation.
{
  tools,
  system,
  host,
  derive,
}:
let
  inherit (builtins)
    attrNames
    attrValues
    listToAttrs
    mapAttrs
    removeAttrs
    ;

  lib = import ./lib.nix { inherit system; };

  # What a host set says of `name` -> the package. `programs` maps names below
  # bin/ to files of the machine, `pc` lists .pc files, `libraries` files for
  # lib/, `include` maps names below include/ to lists of what they are.
  package =
    {
      name,
      version,
      identity,
      programs ? { },
      pc ? [ ],
      files ? [ ],
      libraries ? [ ],
      include ? { },
      # The package to install for a library of this name, if there is none.
      lacks ? null,
    }:
    let
      names = attrNames include;
      built = derive {
        inherit identity;
        name = "${name}-${version}-host";
        args = [
          "-eu"
          ./package.sh
        ];
        programs = tools.join " " (attrNames programs);
        targets = tools.join " " (attrValues programs);
        pc = tools.join " " pc;
        libraries = tools.join " " libraries;
        headers = tools.join " " (tools.concatMap (name: map (_: name) include.${name}) names);
        headerTargets = tools.join " " (tools.concatMap (name: include.${name}) names);
      };
      whole = built // {
        inherit version;
        pname = name;
        dev = whole;
        lib = whole;
        bin = whole;
        out = whole;
        meta = {
          mainProgram = name;
        };
        hostPart = {
          inherit name version;
          paths = tools.unique (attrValues programs ++ pc ++ files);
        };
        cargoNix.noLibrary =
          if lacks == null then null else "${host.install or "apt-get install"} ${lacks}";
      };
    in
    whole;

  programs = host.programs or { };
  libraries = host.libraries or { };

  described = mapAttrs (
    name: _:
    let
      program = programs.${name} or { };
      library = libraries.${name} or { };
      part = library // program;
    in
    package {
      inherit name;
      inherit (part) version;
      identity = tools.join "-" (
        tools.optional (program ? identity) program.identity ++ tools.optional (library ? identity) library.identity
      );
      programs = program.programs or (if program ? path then { ${baseNameOf program.path} = program.path; } else { });
      pc = library.pc or [ ];
      files = library.files or [ ];
      libraries = library.lib or [ ];
      include = library.include or { };
      lacks = program.lacks or null;
    }
  ) (programs // libraries);

  # Known to data/host-packages.toml, but not on this machine.
  absent = mapAttrs (name: package: {
    message = "`${name}` is not on this machine";
    hint =
      if package == null then
        "its distribution has no package for it: take it from nixpkgs (flake.lock or npins)"
      else
        "install it: ${host.install or "apt-get install"} ${package}";
  }) (removeAttrs (host.installable or { }) (attrNames described));

  noCompiler = {
    message = "this machine has no C compiler";
    hint = "install one: ${host.install or "apt-get install"} gcc";
  };

  cc =
    if host.cc or null == null then
      throw "${noCompiler.message}\n  ${noCompiler.hint}"
    else
      package {
        name = "cc";
        inherit (host.cc) version identity programs;
      };

  base = {
    inherit lib system cc;
    gcc = cc;
    stdenv = {
      inherit cc system;
      hostPlatform = lib.systems.elaborate system;
      buildPlatform = lib.systems.elaborate system;
      targetPlatform = lib.systems.elaborate system;
      inherit (lib.systems.elaborate system) isLinux isDarwin isx86_64 isAarch64;
    };
  };

  missing = listToAttrs (
    map (name: {
      inherit name;
      value = throw "${absent.${name}.message}\n  ${absent.${name}.hint}";
    }) (attrNames absent)
  );

  # `xorg.libX11` of the description is `libX11` in the set `xorg`.
  nest =
    flat:
    let
      parts = builtins.match "([^.]+)[.](.+)";
      dotted = builtins.filter (name: parts name != null) (attrNames flat);
      group = _: names: listToAttrs (map (name: {
        name = builtins.elemAt (parts name) 1;
        value = flat.${name};
      }) names);
    in
    removeAttrs flat dotted
    // mapAttrs group (builtins.groupBy (name: builtins.head (parts name)) dotted);

  pkgs = nest (missing // base // described) // import ./builders.nix { inherit tools derive; } // {
    inherit pkgs;
    # bindgen loads the library itself, and has it read the machine's headers.
    rustPlatform.bindgenHook = pkgs.libclang // {
      cargoNix.variables.LIBCLANG_PATH = "${pkgs.libclang}/lib";
    };
    defaultCrateOverrides = import ./crate-overrides.nix pkgs;
  };
in
{
  inherit pkgs;
  absent = removeAttrs absent (attrNames base);
}
