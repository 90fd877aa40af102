{ rust, ... }:
{
  env.A = builtins.getEnv "A";
  env.B = toString builtins.currentTime;
}
