{
  A = 1 + "one";
}
