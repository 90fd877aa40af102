# Helpers of this library that need no package set: lists, places, problems.
{ snapshot }:
let
  inherit (builtins)
    attrNames
    concatLists
    elem
    filter
    isAttrs
    isFunction
    isString
    stringLength
    substring
    typeOf
    unsafeDiscardStringContext
    unsafeGetAttrPos
    ;

  plain = unsafeDiscardStringContext (toString snapshot);
  top = plain + "/";

  # A place as Nix gives it -> { file; line; column; } with `file` relative to
  # the snapshot; null for a place outside of it.
  relative =
    place:
    let
      file = unsafeDiscardStringContext (toString place.file);
      length = stringLength top;
    in
    if place == null || substring 0 length file != top then
      null
    else
      {
        file = substring length (stringLength file) file;
        inherit (place) line column;
      };
in
rec {
  inherit relative;

  concatMap = f: list: concatLists (map f list);
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: list: if condition then list else [ ];
  isDerivation = value: isAttrs value && value.type or null == "derivation";
  isCallable = value: isFunction value || (isAttrs value && value ? __functor);
  unique = builtins.foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
  genAttrs = names: f: builtins.listToAttrs (map (name: { inherit name; value = f name; }) names);
  join = builtins.concatStringsSep;
  quoteAll = names: join ", " (map (name: "`${name}`") names);
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  without = names: set: removeAttrs set names;

  # A derivation whose one output is itself: mkDerivation takes `out` of each
  # input, which would not have what was added to the derivation.
  onlyOutput =
    derivation:
    let
      whole = derivation // {
        out = whole;
      };
    in
    whole;

  # The path of `file` in directory `directory` of the snapshot (`""`: its top).
  inSnapshot = directory: file: snapshot + "/${if directory == "" then "" else directory + "/"}${file}";

  # Whether a text, or one in a list or an `outPath`, names a file of the snapshot
  # without keeping it: as `toString ./file` does, and the collector takes the
  # snapshot. Impure evaluations have the project itself there. What is hidden
  # deeper is found by the evaluator (asks/dangling.rs), which knows no place.
  dangles =
    value:
    if builtins.isList value then
      builtins.any dangles value
    else if isAttrs value then
      !(isDerivation value) && dangles (value.outPath or null)
    else
      isString value
      && hasPrefix "${builtins.storeDir}/" top
      && builtins.replaceStrings [ plain ] [ "" ] value != value
      && !(builtins.getContext value ? ${plain});

  # What is said of one.
  dangling = shown: {
    message = "`${shown}` names a file of the snapshot that is evaluated, and a garbage collection takes that";
    hint = "write the path itself, as `./file`, or \"\${./file}\": then the file is copied into the store; what is to lie in the working tree is for `shellHook`, as \"$PWD/file\"";
  };

  # The place of an attribute in the project, or null.
  placeOf = name: set: relative (unsafeGetAttrPos name set);

  # Of `crates`, what the project wrote down itself and what Cargo.lock is known to
  # have (`counted`). The others are not forced.
  cratesThatCount =
    counted: crates:
    without (filter (name: placeOf name crates == null && !(elem name counted)) (attrNames crates)) crates;

  # `crates.<name>` as a set; nixpkgs' defaultCrateOverrides has functions of the
  # crate's attributes.
  crateOf =
    name: value:
    if isCallable value then
      value {
        crateName = name;
        pname = name;
        version = "0.0.0";
        features = [ ];
        src = null;
      }
    else
      value;

  # `place` of null means: nowhere in particular.
  problem =
    {
      message,
      hint ? null,
      place ? null,
    }:
    {
      inherit message hint;
      file = place.file or null;
      line = place.line or null;
      column = place.column or null;
    };

  # What a value is, as a message says it.
  describe =
    value:
    let
      type = typeOf value;
    in
    if isDerivation value then
      "a package"
    else
      {
        int = "a number";
        float = "a number";
        bool = "a boolean";
        string = "a string";
        path = "a path";
        null = "null";
        list = "a list";
        set = "a set";
        lambda = "a function";
      }
      .${type} or "a ${type}";

  nearest = import ./nearest.nix;

  # "did you mean `x`?", or `fallback`.
  didYouMean =
    name: names: fallback:
    let
      candidate = nearest name names;
    in
    if candidate == null then fallback else "did you mean `${candidate}`?";

  # Names of `set` that are not in `known`, as problems.
  unknownNames =
    {
      what,
      set,
      known,
    }:
    map (
      name:
      problem {
        message = "unknown attribute `${name}` ${what}";
        hint = didYouMean name known "it can have: ${quoteAll known}";
        place = placeOf name set;
      }
    ) (filter (name: !(elem name known)) (attrNames set));
}
