# What this member has besides: it holds in this directory, on top of the
# workspace's own.
{ rust }:
{
  tools = [ rust.clippy ];
  env.GREETING = "hello from the member";
}
