# A variable's value as a derivation's attributes are coerced: what names a file is
# copied into the store, in lists too.
let
  held =
    value:
    if builtins.isList value then
      map held value
    else if builtins.isPath value || builtins.isAttrs value then
      "${value}"
    else
      value;
in
value: toString (held value)
