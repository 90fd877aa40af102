# Adds a part of a directory to the store, by content. `request` is the JSON of
# the protocol's Import; its directory is absolute, without symlinks.
request:
let
  inherit (builtins.fromJSON request) name root files;
  # The files and directories that are wanted, and the directories above them.
  wanted = builtins.listToAttrs (map (path: { name = path; value = null; }) files);
  parent = path: dirOf path;
  above =
    path:
    let
      up = parent path;
    in
    if up == "." then
      [ ]
    else
      [
        {
          name = up;
          value = null;
        }
      ]
      ++ above up;
  leading = builtins.listToAttrs (builtins.concatMap above files);
  below = path: wanted ? ${path} || (parent path != "." && below (parent path));
  start = if root == "/" then 1 else builtins.stringLength root + 1;
in
"${builtins.path {
  path = root;
  inherit name;
  filter =
    path: _:
    let
      relative = builtins.substring start (-1) path;
    in
    leading ? ${relative} || below relative;
}}"
