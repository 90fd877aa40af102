# The types of what a crate-env.nix returns: -> a list of problems, each at the
# attribute that is wrong.
{ tools }:
{
  value,
  file,
  # Crates that Cargo.lock is known to have.
  named ? [ ],
}:
let
  inherit (builtins)
    attrNames
    elem
    filter
    genList
    isAttrs
    isList
    isString
    length
    match
    ;
  inherit (tools)
    concatMap
    describe
    isCallable
    isDerivation
    optional
    placeOf
    problem
    unknownNames
    ;

  protected = (builtins.fromJSON (builtins.readFile ../env/never-export.json)).never;

  wrong =
    set: name: shown: expected: hint:
    problem {
      message = "`${shown}` must be ${expected}, but it is ${describe set.${name}}";
      inherit hint;
      place = placeOf name set;
    };

  isPackage = element: isDerivation element || builtins.isPath element || element == null || (isString element && builtins.hasContext element);

  # nixpkgs throws as soon as such a package is built; its `meta` tells before.
  isRefused =
    element:
    let
      available = builtins.tryEval (element.meta.available or true);
    in
    isDerivation element && available.success && available.value == false;
  reasonOf =
    package:
    let
      inherit (package) meta;
    in
    if meta.broken or false then
      {
        text = "is marked as broken";
        setting = "allowBroken = true";
      }
    else if meta.unfree or false then
      {
        text = "has an unfree license";
        setting = "allowUnfree = true";
      }
    else if meta.insecure or false then
      {
        text = "is marked as insecure";
        setting = "permittedInsecurePackages = [ \"${package.name}\" ]";
      }
    else
      {
        text = "is not for this system";
        setting = "allowUnsupportedSystem = true";
      };

  # A list of packages; elements have no place of their own in Nix, so the
  # attribute's place is given, and the number of the element.
  packages =
    set: name: shown:
    let
      list = set.${name};
      hint = "write `${name} = [ package … ];`";
      numbered = genList (index: {
        number = toString (index + 1);
        element = builtins.elemAt list index;
      }) (length list);
      bad = filter (entry: !(isPackage entry.element)) numbered;
      refused = filter (entry: isRefused entry.element) numbered;
    in
    if !(isList list) then
      [ (wrong set name shown "a list of packages" hint) ]
    else
      map (
        entry:
        problem {
          message = "`${shown}` must be a list of packages, but its element ${entry.number} is ${describe entry.element}";
          hint =
            if isString entry.element then
              "name the package itself, without quotes"
            else if isList entry.element then
              "join the lists with `++`"
            else if isCallable entry.element then
              "put a function's call into parentheses"
            else
              hint;
          place = placeOf name set;
        }
      ) bad
      ++ map (
        entry:
        problem {
            message = "`${shown}` has `${entry.element.name or "a package"}`, which nixpkgs refuses: it ${
              (reasonOf entry.element).text
            }";
            hint = "if it must be, allow it where `pkgs` is made, in output `cargoNix.<system>` of flake.nix: `pkgs = import nixpkgs { inherit system; config.${
              (reasonOf entry.element).setting
            }; }`";
            place = placeOf name set;
          }
      ) refused;

  variables =
    set: name: shown:
    let
      env = set.${name};
      isValue =
        content:
        elem (builtins.typeOf content) [
          "string"
          "int"
          "float"
          "bool"
          "path"
        ]
        || isDerivation content;
      one =
        variable:
        let
          place = placeOf variable env;
        in
        if match "[A-Za-z_][A-Za-z0-9_]*" variable == null then
          [
            (problem {
              message = "`${shown}` names a variable `${variable}`, which no shell can set";
              hint = "letters, digits and `_` make a name, and no digit begins it";
              inherit place;
            })
          ]
        else if variable == "PATH" then
          [
            (problem {
              message = "`${shown}.PATH` cannot be set";
              hint = "it is made of `toolchain`, `tools` and the inputs: put the package there";
              inherit place;
            })
          ]
        else if elem variable protected then
          [
            (problem {
              message = "`${shown}.${variable}` cannot be set: it belongs to the user's session";
              hint = "set it in `shellHook`, if it must be";
              inherit place;
            })
          ]
        else if !(isValue env.${variable}) then
          [
            (wrong env variable "${shown}.${variable}" "a string, a number, a boolean, a path or a package"
              "turn it into a string, as with `toString` or `builtins.toJSON`"
            )
          ]
        else if tools.dangles env.${variable} then
          [ (problem (tools.dangling "${shown}.${variable}" // { inherit place; })) ]
        else
          [ ];
    in
    if !(isAttrs env) || isDerivation env then
      [ (wrong set name shown "a set of variables" "write `${name} = { NAME = \"value\"; };`") ]
    else
      concatMap one (attrNames env);

  known = {
    toolchain =
      set: name: shown:
      optional (!(isDerivation set.${name})) (
        wrong set name shown "a toolchain" "take one of `rust`, as `rust.default` or `rust.fromFile ./rust-toolchain.toml`"
      );
    tools = packages;
    nativeBuildInputs = packages;
    buildInputs = packages;
    env = variables;
    shellHook =
      set: name: shown:
      optional (!(isString set.${name})) (wrong set name shown "a string" "write `${name} = ''…'';`")
      ++ optional (tools.dangles set.${name}) (problem (tools.dangling shown // { place = placeOf name set; }));
    inherit crates;
  };

  knownOfCrate = {
    inherit (known) nativeBuildInputs buildInputs env;
    sandbox =
      set: name: shown:
      optional (!(builtins.isBool set.${name})) (wrong set name shown "a boolean" "write `true` or `false`");
  };

  # `crates.<name>` of the project itself, and what of the others counts (nixpkgs'
  # defaultCrateOverrides may be among them); the rest is not even forced. A
  # function is called; what it returns may have attributes that are nixpkgs' own.
  crates =
    set: name: shown:
    let
      all = set.${name};
      own = tools.cratesThatCount named all;
      place = crate: if placeOf crate all == null then placeOf name set else placeOf crate all;
      placed =
        crate: problem:
        if problem.file != null then problem else problem // { inherit (place crate) file line column; };
      one =
        crate:
        let
          given = all.${crate};
          entry = tools.crateOf crate given;
          foreign = filter (attribute: isCallable given && placeOf attribute entry == null) (attrNames entry);
          hint = "write `${name}.${crate} = { buildInputs = [ … ]; };`";
        in
        if isAttrs entry && !(isDerivation entry) then
          checkSet knownOfCrate (
            tools.without (filter (attribute: !(knownOfCrate ? ${attribute})) foreign) entry
          ) "in `${shown}.${crate}`" "${shown}.${crate}."
        else
          [
            (problem {
              message =
                if isCallable given then
                  "`${shown}.${crate}` must return a set, but it returns ${describe entry}"
                else
                  "`${shown}.${crate}` must be a set or a function, but it is ${describe given}";
              inherit hint;
            })
          ];
    in
    if !(isAttrs all) || isDerivation all then
      [ (wrong set name shown "a set of crates" "write `crates.<name> = { buildInputs = [ … ]; };`") ]
    else
      concatMap (crate: map (placed crate) (one crate)) (attrNames own);

  checkSet =
    checks: set: what: prefix:
    unknownNames {
      inherit set what;
      known = attrNames checks;
    }
    ++ concatMap (name: if checks ? ${name} then checks.${name} set name "${prefix}${name}" else [ ]) (attrNames set);
in
if !(isAttrs value) then
  [
    (problem {
      message = "${file} must return a set or a shell, but it returns ${describe value}";
      hint = "write `{ rust, … }: { buildInputs = [ … ]; }`";
      place = {
        inherit file;
        line = 1;
        column = 1;
      };
    })
  ]
else
  checkSet known value "in ${file}" ""
