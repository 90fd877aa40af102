{ rust, ... }:
let
  b = builtins;
in
{
  env.A = b.getEnv "A";
}
