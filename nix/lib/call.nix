# Calls what a crate-env.nix holds with the arguments it names, as callPackage
# does: -> { value; } or { problems; }.
{ tools }:
{
  # The imported value.
  value,
  # What it is looked up in.
  scope,
  # Packages that the set knows but cannot give: name -> { message; hint; }.
  absent ? { },
  # The file, for messages, and its place in the snapshot.
  file,
}:
let
  inherit (builtins)
    attrNames
    functionArgs
    intersectAttrs
    isAttrs
    match
    removeAttrs
    toXML
    ;
  inherit (tools)
    describe
    didYouMean
    isCallable
    placeOf
    problem
    ;

  function = if isAttrs value then value.__functor value else value;
  expected = value.__functionArgs or (functionArgs function);
  available = removeAttrs scope (attrNames absent);
  required = builtins.filter (name: !expected.${name}) (attrNames expected);
  missing = builtins.filter (name: !(available ? ${name})) required;

  explain =
    name:
    let
      reason =
        absent.${name} or {
          message = "there is no package or argument `${name}`";
          hint = didYouMean name (attrNames scope) "it is neither in `pkgs` nor one of `pkgs`, `lib`, `rust`, `system`";
        };
    in
    problem (reason // { place = placeOf name expected; });

  # `args: …` names nothing and takes all; `{ }: …` and `{ ... }: …` take none.
  takesAll = expected == { } && match ".*<varpat .*" (toXML function) != null;
in
if !(isCallable value) then
  if isAttrs value then
    { inherit value; }
  else
    {
      problems = [
        (problem {
          message = "${file} must be a function or a set, but it is ${describe value}";
          hint = "write `{ rust, pkgs, … }: { … }`";
          place = {
            inherit file;
            line = 1;
            column = 1;
          };
        })
      ];
    }
else if missing != [ ] then
  { problems = map explain missing; }
else
  { value = function (if takesAll then available else intersectAttrs expected available); }
