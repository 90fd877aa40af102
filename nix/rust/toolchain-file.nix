# rust-toolchain.toml, and the old rust-toolchain of one line: what they ask
# for -> { value = { channel; profile; components; targets; place; }; } or
# { problem; }. `channel` and `profile` are null if the file does not say.
{ tools }:
let
  inherit (builtins)
    attrNames
    elem
    elemAt
    filter
    isAttrs
    isList
    isString
    length
    match
    pathExists
    readFile
    split
    ;
  inherit (tools)
    describe
    didYouMean
    optional
    problem
    quoteAll
    ;

  known = [
    "channel"
    "components"
    "path"
    "profile"
    "targets"
  ];
  profiles = [
    "complete"
    "default"
    "minimal"
  ];

  # The place of the line that begins with `key`, else of the first line.
  placeIn =
    file: text: key:
    let
      lines = filter isString (split "\n" text);
      hits = filter (index: match "[[:space:]]*${key}[[:space:]]*=.*" (elemAt lines index) != null) (
        builtins.genList (index: index) (length lines)
      );
    in
    {
      inherit file;
      line = if hits == [ ] then 1 else builtins.head hits + 1;
      column = 1;
    };

  shown = path: (tools.relative { file = path; line = 1; column = 1; }).file or (toString path);
in
rec {
  # Parses the text of `path` (a path, or a string with context).
  read =
    path:
    let
      text = readFile path;
      file = shown path;
      oneLine = match "[[:space:]]*([^][:space:]=[]+)[[:space:]]*" text;
      parsed = builtins.addErrorContext "while reading ${file}" (builtins.fromTOML text);
      table = parsed.toolchain or null;
      place = placeIn file text;

      bad = key: message: hint: {
        problem = problem {
          inherit message hint;
          place = place key;
        };
      };
      isStrings = value: isList value && builtins.all isString value;
      unknown = filter (key: !(elem key known)) (attrNames table);
      wrongType =
        key: expected: check:
        optional (table ? ${key} && !(check table.${key})) {
          inherit key expected;
        };
      wrong =
        wrongType "channel" "a string" isString
        ++ wrongType "profile" "a string" isString
        ++ wrongType "components" "a list of strings" isStrings
        ++ wrongType "targets" "a list of strings" isStrings;
      first = builtins.head wrong;
    in
    if oneLine != null then
      {
        value = {
          channel = elemAt oneLine 0;
          profile = null;
          components = [ ];
          targets = [ ];
          place = {
            inherit file;
            line = 1;
            column = 1;
          };
        };
      }
    else if !(isAttrs table) then
      bad "toolchain" "${file} has no table `[toolchain]`" "write `[toolchain]` and below it `channel = \"stable\"`"
    else if unknown != [ ] then
      bad (builtins.head unknown) "${file}: unknown key `${builtins.head unknown}` in `[toolchain]`" (
        didYouMean (builtins.head unknown) known "it can have: ${quoteAll known}"
      )
    else if table ? path then
      bad "path" "${file}: `path` names a directory of this machine, which is not part of the project"
        "name a `channel`, or set `toolchain` in crate-env.nix"
    else if wrong != [ ] then
      bad first.key "${file}: `${first.key}` must be ${first.expected}, but it is ${describe table.${first.key}}"
        "see https://rust-lang.github.io/rustup/overrides.html#the-toolchain-file"
    else if table ? profile && !(elem table.profile profiles) then
      bad "profile" "${file}: there is no profile `${table.profile}`" (
        didYouMean table.profile profiles "there are: ${quoteAll profiles}"
      )
    else
      {
        value = {
          channel = table.channel or null;
          profile = table.profile or null;
          components = table.components or [ ];
          targets = table.targets or [ ];
          place = place "channel";
          placeOf = place;
        };
      };

  # Of a directory of the snapshot; rustup takes the old name first.
  readDirectory =
    directory:
    let
      old = tools.inSnapshot directory "rust-toolchain";
      new = tools.inSnapshot directory "rust-toolchain.toml";
    in
    read (if pathExists old then old else new);
}
