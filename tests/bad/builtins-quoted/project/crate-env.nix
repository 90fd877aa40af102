{ rust, ... }:
{
  env.A = builtins."getEnv" "A";
}
