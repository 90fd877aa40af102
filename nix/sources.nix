# Where `pkgs` and `rust` come from; the first that is there:
#
#   1. output `cargoNix.<system>` of the project's flake.nix
#   2. inputs of its flake.lock
#   3. npins
#   4. the host set
#
# Each gives the same interface:
#   system, pkgs, rust        arguments of crate-env.nix (`rust`: nix/rust/interface.nix)
#   absent                    packages known but not to be had: name -> { message; hint; }
#   toolchain                 one that beats every other, or null
#   crates                    `crates` below those of the layers
#   environment               merged layers -> the derivation of the environment
#   lacking                   imports -> those that are not in the store yet
#   inputs                    store paths of what was fetched
#   problems, warnings
{ tools, arguments }:
import ./host { inherit tools arguments; }
