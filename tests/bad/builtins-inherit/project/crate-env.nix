{ rust, ... }:
let
  inherit (builtins) currentTime toString;
in
{
  env.A = toString currentTime;
}
