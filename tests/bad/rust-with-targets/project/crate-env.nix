{ rust, ... }:
{
  toolchain = rust.withTargets [ "msp430-none-elf" ];
}
