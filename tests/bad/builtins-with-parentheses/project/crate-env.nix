{ rust, ... }:
with (builtins);
{
  env.A = getEnv "A";
}
