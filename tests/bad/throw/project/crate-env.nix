{ rust, ... }:
{
  toolchain = throw "this project needs the moon";
}
