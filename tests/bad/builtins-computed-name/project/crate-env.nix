{ rust, ... }:
{
  env.A = builtins.${"get" + "Env"} "A";
}
