# `lib` of the host set: of nixpkgs' lib, the functions that environments use,
# with the meaning that its manual gives them.
{ system }:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    foldl'
    isAttrs
    length
    listToAttrs
    map
    match
    stringLength
    substring
    ;
  self = {
    inherit (builtins)
      all
      any
      attrNames
      attrValues
      concatLists
      concatMap
      concatStringsSep
      elem
      elemAt
      filter
      foldl'
      fromJSON
      functionArgs
      genList
      getAttr
      hasAttr
      head
      intersectAttrs
      isAttrs
      isBool
      isFunction
      isInt
      isList
      isString
      length
      listToAttrs
      mapAttrs
      readFile
      replaceStrings
      splitVersion
      stringLength
      substring
      tail
      toJSON
      trace
      ;

    id = value: value;
    const = value: _: value;
    flip =
      f: a: b:
      f b a;
    pipe = foldl' (value: f: f value);
    fix =
      f:
      let
        value = f value;
      in
      value;

    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    optionalString = condition: text: if condition then text else "";
    optionalAttrs = condition: set: if condition then set else { };
    singleton = value: [ value ];
    toList = value: if builtins.isList value then value else [ value ];
    flatten = value: if builtins.isList value then builtins.concatMap self.flatten value else [ value ];
    last = list: builtins.elemAt list (length list - 1);
    remove = value: filter (other: other != value);
    unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
    subtractLists = removed: filter (value: !(elem value removed));
    range = from: to: if from > to then [ ] else builtins.genList (index: from + index) (to - from + 1);

    nameValuePair = name: value: { inherit name value; };
    genAttrs = names: f: listToAttrs (map (name: self.nameValuePair name (f name)) names);
    mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    filterAttrs = keep: set: removeAttrs set (filter (name: !(keep name set.${name})) (attrNames set));
    attrVals = names: set: map (name: set.${name}) names;
    getAttrs = names: set: self.genAttrs names (name: set.${name});
    attrByPath =
      path: default: set:
      if path == [ ] then
        set
      else if isAttrs set && set ? ${builtins.head path} then
        self.attrByPath (builtins.tail path) default set.${builtins.head path}
      else
        default;
    recursiveUpdate =
      a: b:
      a
      // builtins.mapAttrs (
        name: value:
        if isAttrs value && isAttrs (a.${name} or null) then self.recursiveUpdate a.${name} value else value
      ) b;

    concatStrings = concatStringsSep "";
    concatMapStrings = f: list: concatStringsSep "" (map f list);
    concatMapStringsSep =
      separator: f: list:
      concatStringsSep separator (map f list);
    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    hasSuffix =
      suffix: text:
      let
        rest = stringLength text - stringLength suffix;
      in
      rest >= 0 && substring rest (stringLength suffix) text == suffix;
    hasInfix = infix: text: length (builtins.split (self.escapeRegex infix) text) > 1;
    removePrefix =
      prefix: text: if self.hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
    removeSuffix =
      suffix: text:
      if self.hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
    escapeRegex =
      let
        special = [ "\\" "[" "{" "(" ")" "^" "$" "?" "*" "|" "+" "." ];
      in
      builtins.replaceStrings special (map (char: "\\${char}") special);
    escapeShellArg =
      argument:
      let
        text = toString argument;
      in
      if match "[[:alnum:],._+:@%/-]+" text != null then
        text
      else
        "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";
    escapeShellArgs = arguments: concatStringsSep " " (map self.escapeShellArg arguments);
    splitString = separator: text: filter builtins.isString (builtins.split (self.escapeRegex separator) text);
    trim = text: builtins.head (match "[[:space:]]*(.*[^[:space:]]|)[[:space:]]*" text);

    isDerivation = value: value.type or null == "derivation";
    getOutput = output: package: package.${output} or package.out or package;
    getBin = self.getOutput "bin";
    getDev = self.getOutput "dev";
    getLib = self.getOutput "lib";
    getName = package: package.pname or (builtins.parseDrvName package.name).name;
    getVersion = package: package.version or (builtins.parseDrvName package.name).version;
    getExe = package: "${self.getBin package}/bin/${package.meta.mainProgram or (self.getName package)}";
    getExe' = package: program: "${self.getBin package}/bin/${program}";
    makeSearchPath =
      directory: packages: concatStringsSep ":" (map (package: "${package}/${directory}") (filter (package: package != null) packages));
    makeSearchPathOutput =
      output: directory: packages:
      self.makeSearchPath directory (map (self.getOutput output) packages);
    makeBinPath = self.makeSearchPathOutput "bin" "bin";
    makeLibraryPath = self.makeSearchPathOutput "lib" "lib";
    makeIncludePath = self.makeSearchPathOutput "dev" "include";

    versionAtLeast = a: b: builtins.compareVersions a b >= 0;
    versionOlder = a: b: builtins.compareVersions a b < 0;
    importJSON = path: builtins.fromJSON (builtins.readFile path);
    importTOML = path: fromTOML (builtins.readFile path);
    inherit (builtins) warn;
    warnIf = condition: message: if condition then self.warn message else self.id;
    throwIf = condition: message: if condition then throw message else self.id;
    assertMsg = condition: message: condition || throw message;

    systems.elaborate =
      system:
      let
        has = text: match ".*${text}.*" system != null;
      in
      {
        inherit system;
        isLinux = has "linux";
        isDarwin = has "darwin";
        isUnix = true;
        isWindows = false;
        isx86_64 = has "x86_64";
        isAarch64 = has "aarch64";
      };
    platforms.all = [ system ];
  };
in
self
