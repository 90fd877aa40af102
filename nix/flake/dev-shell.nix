# `nix develop`: what the Makefile wants, libnix included; `make setup` then has
# nothing to do.
{
  lib,
  stdenv,
  mkShell,
  cargo-nix,
  cargo,
  clippy,
  direnv,
  elvish,
  fish,
  groff,
  nix,
  nushell,
  openssl,
  rust-analyzer,
  rustc,
  rustfmt,
  shellcheck,
  shfmt,
  valgrind,
  zsh,
}:
mkShell {
  inputsFrom = [ cargo-nix ];
  packages = [
    cargo
    clippy
    direnv
    elvish
    fish
    groff
    nix
    nushell
    openssl
    rust-analyzer
    rustc
    rustfmt
    shellcheck
    shfmt
    zsh
  ]
  # The leak check of macOS is its own `leaks`.
  ++ lib.optional stdenv.hostPlatform.isLinux valgrind;
}
