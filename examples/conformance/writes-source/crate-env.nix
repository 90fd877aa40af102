# Its script writes beside its own sources, which the store would not let it.
{
  crates.odd-writes-source.sandbox = false;
}
