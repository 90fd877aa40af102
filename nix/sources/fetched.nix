# Where the sources of these hashes are if they were fetched: the store path of a
# tree named `source` whose NAR has this hash (any notation of sha256), as
# fetchTree, fetchTarball and fetchGit name what they get. Nothing is fetched by
# asking.
hashes:
let
  inherit (builtins)
    bitXor
    concatStringsSep
    convertHash
    elemAt
    genList
    hashString
    storeDir
    substring
    ;

  digits = genList (digit: substring digit 1 "0123456789abcdef") 16;
  values = builtins.listToAttrs (
    genList (value: {
      name = elemAt digits value;
      inherit value;
    }) 16
  );
  char = text: index: substring index 1 text;

  # The hash of a store path has 20 bytes: the others are folded over its beginning.
  fold =
    hash:
    concatStringsSep "" (
      genList (
        index:
        let
          digit = char hash index;
        in
        if index < 24 then elemAt digits (bitXor values.${digit} values.${char hash (40 + index)}) else digit
      ) 40
    );

  # One that nobody fetched by would not do so either.
  isHash =
    hash:
    builtins.isString hash
    && builtins.match "sha256-[A-Za-z0-9+/]{43}=|(sha256:)?([0-9a-df-np-sv-z]{52}|[0-9a-f]{64})" hash != null;

  convert =
    hashAlgo: toHashFormat: hash:
    convertHash { inherit hash hashAlgo toHashFormat; };
  pathOf =
    hash:
    let
      text = "source:sha256:${convert "sha256" "base16" hash}:${storeDir}:source";
    in
    "${storeDir}/${convert "sha1" "nix32" (fold (hashString "sha256" text))}-source";
in
map pathOf (builtins.filter isHash hashes)
