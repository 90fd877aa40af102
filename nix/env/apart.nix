# Which variables of a project the setup of a stdenv must not see: those whose
# names mean something to it or to mkDerivation, and those that are too long for
# the environment of a process (Linux: 128 kB each). They are told to whatever
# writes the environment by other means, and arrive as they are.
let
  inherit (builtins)
    attrNames
    elem
    filter
    removeAttrs
    stringLength
    ;
  lists = builtins.fromJSON (builtins.readFile ./never-export.json);
  most = 65536;
in
# name -> text
env:
let
  isApart = name: elem name lists.stdenv || elem name lists.sandbox || stringLength env.${name} > most;
  names = filter isApart (attrNames env);
  rest = removeAttrs env names;
in
{
  inherit rest;
  apart = removeAttrs env (attrNames rest);
}
