# A variable's value as a derivation's attributes are coerced.
value:
if value == true then
  "1"
else if value == false then
  ""
else if builtins.isPath value then
  "${value}"
else
  toString value
