{
  toolchain = 42;
}
