{ rust, ... }:
{
  tools = [ rust.cilppy ];
}
