{ rust, ... }:
{
  toolchain = rust.default;
  env.HOSTS = builtins.readFile /etc/hosts;
}
