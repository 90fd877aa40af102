# `defaultCrateOverrides` of the host set: what common `-sys` crates need, as
# nixpkgs has it for its own packages. Nothing is forced before it is used.
pkgs:
let
  needs = buildInputs: _: {
    nativeBuildInputs = [ pkgs.pkg-config ];
    inherit buildInputs;
  };
in
{
  alsa-sys = needs [ pkgs.alsa-lib ];
  bzip2-sys = needs [ pkgs.bzip2 ];
  curl-sys = needs [ pkgs.curl ];
  libdbus-sys = needs [ pkgs.dbus ];
  libgit2-sys = needs [ pkgs.libgit2 ];
  libsqlite3-sys = needs [ pkgs.sqlite ];
  libssh2-sys = needs [ pkgs.libssh2 ];
  libudev-sys = needs [ pkgs.systemd ];
  libz-sys = needs [ pkgs.zlib ];
  lzma-sys = needs [ pkgs.xz ];
  openssl-sys = needs [ pkgs.openssl ];
  pq-sys = needs [ pkgs.postgresql ];
  zstd-sys = needs [ pkgs.zstd ];
}
