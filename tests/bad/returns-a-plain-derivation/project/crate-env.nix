{ system, ... }:
derivation {
  name = "plain";
  builder = "/bin/sh";
  inherit system;
}
