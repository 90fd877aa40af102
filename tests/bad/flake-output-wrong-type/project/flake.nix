{
  outputs = _: {
    cargoNix.x86_64-linux = "nixpkgs";
  };
}
